"""The committed schema is the installed one, it is valid protobuf, and the decoder keeps all of it."""

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from google.protobuf.descriptor_pb2 import DescriptorProto, FileDescriptorProto, FileDescriptorSet
from grpc_tools import protoc
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from receiver.otlp_decode import decode_logs, decode_traces
from tests.support.otlp import SPAN_ID, TRACE_ID, log_request, trace_request

PROTO = Path(__file__).parents[2] / "proto"


def _load_render() -> ModuleType:
    spec = importlib.util.spec_from_file_location("proto_render", PROTO / "render.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


RENDER = _load_render()
FILES = [RENDER.descriptor(module) for module in RENDER.MODULES]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_the_committed_file_is_what_the_installed_package_says(file: FileDescriptorProto) -> None:
    assert (PROTO / file.name).read_text(encoding="utf-8") == RENDER.render_file(file)


def test_no_further_proto_file_is_committed() -> None:
    assert {str(path.relative_to(PROTO)) for path in PROTO.rglob("*.proto")} == {file.name for file in FILES}


def _without_json_names(file: FileDescriptorProto) -> FileDescriptorProto:
    """protoc writes the default JSON name into its output, and generated modules leave it out."""

    def clear(message: DescriptorProto) -> None:
        for field in message.field:
            field.ClearField("json_name")
        for nested in message.nested_type:
            clear(nested)

    result = FileDescriptorProto.FromString(file.SerializeToString())
    for message in result.message_type:
        clear(message)
    return result


def test_protoc_compiles_the_files_back_to_the_same_descriptors(tmp_path: Path) -> None:
    output = tmp_path / "descriptors"
    names = [str(PROTO / file.name) for file in FILES]
    assert protoc.main(["protoc", f"-I{PROTO}", f"--descriptor_set_out={output}", *names]) == 0
    compiled = {file.name: file for file in FileDescriptorSet.FromString(output.read_bytes()).file}
    assert {name: _without_json_names(file) for name, file in compiled.items()} == {
        file.name: _without_json_names(file) for file in FILES
    }


NOT_KEPT: dict[str, str] = {}
"""Message.field -> why the decoder does not keep it. Empty: everything is kept."""

MESSAGES: dict[str, Any] = {
    "Span": Span,
    "Event": Span.Event,
    "Link": Span.Link,
    "Status": Status,
    "Resource": Resource,
    "Scope": InstrumentationScope,
    "LogRecord": LogRecord,
}
FIELDS = [(name, field.name) for name, message in MESSAGES.items() for field in message.DESCRIPTOR.fields]
_IDS = {"trace_id": TRACE_ID[::-1], "span_id": SPAN_ID[::-1], "parent_span_id": SPAN_ID[::-1]}


def _set(message: Any, name: str) -> None:
    """Give `name` a value that is not its default."""
    field = message.DESCRIPTOR.fields_by_name[name]
    if name in _IDS:
        setattr(message, name, bytes.fromhex(_IDS[name]))
    elif field.message_type is not None:
        value = getattr(message, name)
        value = value.add() if field.is_repeated else value
        value.SetInParent()
        if field.message_type.fields:
            inner = field.message_type.fields[0]
            setattr(value, inner.name, 7 if inner.type == inner.TYPE_FIXED64 else b"7" if "id" in inner.name else "7")
    else:
        setattr(message, name, "7" if field.type == field.TYPE_STRING else 7 if field.enum_type is None else 2)


def _decoded(message_name: str, field: str | None) -> Any:
    traces, logs = trace_request(1), log_request(1)
    span = traces.resource_spans[0].scope_spans[0].spans[0]
    targets = {
        "Span": span,
        "Event": span.events.add(),
        "Link": span.links.add(),
        "Status": span.status,
        "Resource": traces.resource_spans[0].resource,
        "Scope": traces.resource_spans[0].scope_spans[0].scope,
        "LogRecord": logs.resource_logs[0].scope_logs[0].log_records[0],
    }
    if field:
        _set(targets[message_name], field)
    if message_name == "LogRecord":
        return decode_logs(ExportLogsServiceRequest.SerializeToString(logs), "protobuf")[0]
    return decode_traces(ExportTraceServiceRequest.SerializeToString(traces), "protobuf")[0]


@pytest.mark.parametrize(("message_name", "field"), FIELDS)
def test_setting_a_field_changes_what_is_decoded(message_name: str, field: str) -> None:
    """A field that the decoder does not read would leave the result equal."""
    kept = _decoded(message_name, field) != _decoded(message_name, None)
    assert kept is (f"{message_name}.{field}" not in NOT_KEPT)
