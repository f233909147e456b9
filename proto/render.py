"""Render the OTLP schema as .proto files from the descriptors inside the installed opentelemetry-proto package.

    python proto/render.py [DIRECTORY]

Writes the eight files we use below DIRECTORY (this folder by default). Comments are not in descriptors; read upstream.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    ServiceDescriptorProto,
)
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2
from opentelemetry.proto.common.v1 import common_pb2
from opentelemetry.proto.logs.v1 import logs_pb2
from opentelemetry.proto.metrics.v1 import metrics_pb2
from opentelemetry.proto.resource.v1 import resource_pb2
from opentelemetry.proto.trace.v1 import trace_pb2

MODULES = (
    common_pb2,
    resource_pb2,
    trace_pb2,
    logs_pb2,
    metrics_pb2,
    trace_service_pb2,
    logs_service_pb2,
    metrics_service_pb2,
)

_SCALARS = {number: name[5:].lower() for name, number in FieldDescriptorProto.Type.items()}


def descriptor(module: object) -> FileDescriptorProto:
    """The descriptor of one generated module."""
    result = FileDescriptorProto()
    module.DESCRIPTOR.CopyToProto(result)  # type: ignore[attr-defined]
    return result


def render_file(file: FileDescriptorProto) -> str:
    """One file as protobuf source; `protoc` makes an equal descriptor of it."""
    blocks = [[f'syntax = "{file.syntax}";'], [f"package {file.package};"]]
    blocks += [[f'import "{name}";' for name in file.dependency]] if file.dependency else []
    blocks.append(list(_file_options(file)))
    blocks += [list(_enum(enum, "")) for enum in file.enum_type]
    blocks += [list(_message(message, "")) for message in file.message_type]
    blocks += [list(_service(service)) for service in file.service]
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def _file_options(file: FileDescriptorProto) -> Iterator[str]:
    for field, value in file.options.ListFields():
        text = str(value).lower() if isinstance(value, bool) else f'"{value}"'
        yield f"option {field.name} = {text};"


def _message(message: DescriptorProto, indent: str) -> Iterator[str]:
    inner = indent + "  "
    yield f"{indent}message {message.name} {{"
    for nested in message.nested_type:
        yield from _message(nested, inner)
    for enum in message.enum_type:
        yield from _enum(enum, inner)
    for reserved in message.reserved_range:
        last = "" if reserved.end == reserved.start + 1 else f" to {reserved.end - 1}"
        yield f"{inner}reserved {reserved.start}{last};"
    if message.reserved_name:
        yield inner + "reserved " + ", ".join(f'"{name}"' for name in message.reserved_name) + ";"
    yield from _fields(message, inner)
    yield indent + "}"


def _fields(message: DescriptorProto, indent: str) -> Iterator[str]:
    """Fields in order; those of a oneof inside it, where the first of them stands."""
    opened: set[int] = set()
    for field in message.field:
        if not field.HasField("oneof_index") or field.proto3_optional:
            yield indent + _field(field)
        elif field.oneof_index not in opened:
            opened.add(field.oneof_index)
            yield f"{indent}oneof {message.oneof_decl[field.oneof_index].name} {{"
            for member in message.field:
                if member.HasField("oneof_index") and member.oneof_index == field.oneof_index:
                    yield indent + "  " + _field(member)
            yield indent + "}"


def _field(field: FieldDescriptorProto) -> str:
    label = "repeated " if field.label == FieldDescriptorProto.LABEL_REPEATED else ""
    label = "optional " if field.proto3_optional else label
    kind = field.type_name or _SCALARS[field.type]
    deprecated = " [deprecated = true]" if field.options.deprecated else ""
    return f"{label}{kind} {field.name} = {field.number}{deprecated};"


def _enum(enum: EnumDescriptorProto, indent: str) -> Iterator[str]:
    yield f"{indent}enum {enum.name} {{"
    for value in enum.value:
        yield f"{indent}  {value.name} = {value.number};"
    yield indent + "}"


def _service(service: ServiceDescriptorProto) -> Iterator[str]:
    yield f"service {service.name} {{"
    for method in service.method:
        yield f"  rpc {method.name}({method.input_type}) returns ({method.output_type}) {{}}"
    yield "}"


def main() -> None:
    """Write all files."""
    directory = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    for module in MODULES:
        file = descriptor(module)
        path = directory / file.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(render_file(file), encoding="utf-8")


if __name__ == "__main__":
    main()
