"""Which convention is asked first, field by field, where the order of `CONVENTIONS` is not the right one.

An entry is a convention's name or `convention:key`. Rules that an entry names come in this order; the others follow
in the order of `CONVENTIONS`, and within a convention in the order of its table. Precedence is
field-wise, never dialect-wise: a span may speak several conventions at once.
"""

_MESSAGES_IN = (
    "langfuse",
    "genai:gen_ai.input.messages",
    "openinference:llm.input_messages.",
    "openllmetry:gen_ai.prompt.",
    "vercel",
    "genai:gen_ai.prompt",
    "mlflow",
    "logfire",
)
_MESSAGES_OUT = (
    "langfuse",
    "genai:gen_ai.output.messages",
    "openinference:llm.output_messages.",
    "openllmetry:gen_ai.completion.",
    "vercel",
    "genai:gen_ai.completion",
    "mlflow",
    "logfire",
)

ORDER: dict[str, tuple[str, ...]] = {
    # Spring AI says `framework` in gen_ai.operation.name on whatever is no model call.
    # LangSmith says `chat` on prompt templates and `embeddings` on retrievers in gen_ai.operation.name.
    # LiteLLM's Langfuse callback says `generation` of embeddings, its call type does not.
    # Dify's Langfuse provider says `span` of retrievals and tools, the type of their node does not.
    "kind": (
        "dify:langfuse.observation.metadata.node_type",
        "litellm:llm.request.type",
        "litellm:litellm.call_type",
        "langfuse",
        "openinference:openinference.span.kind",
        "langsmith",
        "gemini_cli",
        "crewai",
        "spring_ai",
        "genai:gen_ai.operation.name",
        "dify",
        "openllmetry:traceloop.span.kind",
        "openllmetry:llm.request.type",
        "vercel",
        "mlflow",
    ),
    # MLflow writes the response's model as gen_ai.request.model.
    "request_model": ("mlflow:model",),
    # A proxy of LiteLLM gives its alias as the response's model.
    "response_model": ("litellm",),
    "input": (
        "langfuse",
        "genai:gen_ai.input.messages",
        "openinference:input.value",
        "openllmetry:gen_ai.prompt.",
        "vercel",
        "genai:gen_ai.prompt",
        "mlflow",
        "openllmetry:traceloop.entity.input",
    ),
    "output": (
        "langfuse",
        "genai:gen_ai.output.messages",
        "openinference:output.value",
        "openllmetry:gen_ai.completion.",
        "vercel",
        "genai:gen_ai.completion",
        "mlflow",
        "openllmetry:traceloop.entity.output",
    ),
    "input_messages": _MESSAGES_IN,
    "output_messages": _MESSAGES_OUT,
    "session_id": ("langfuse:langfuse.session.id", "common:session.id", "genai:gen_ai.conversation.id"),
    "user_id": ("langfuse:langfuse.user.id", "common:user.id"),
    "environment": ("langfuse", "common", "openlit"),
    # Gemini CLI says one finish reason a chunk.
    "finish_reasons": ("gemini_cli",),
    "tool_arguments": ("genai", "vercel"),
    "tool_result": ("genai", "vercel"),
}
