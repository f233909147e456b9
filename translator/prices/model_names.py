"""Whose model a name names, and under which other spellings a price list may have it.

A name is what clients send: with a gateway's prefix (`openai/gpt-4o`, `azure/...`, `bedrock/...`), as Bedrock's id
(`us.anthropic.claude-...-v1:0`, an ARN), as a path (`models/gemini-...`), dated (`...-2024-08-06`, `...@20250929`), as
a fine-tune (`ft:gpt-4o-mini:org::id`), with a tag (`:latest`). Nothing is stripped that can change the price: a
region (`eu/`, `global.`), `:free`, a version without a date (`-2402`), `ft:`.
"""

import re
from typing import NamedTuple

HOSTS = {
    "openai": "openai",
    **dict.fromkeys(("azure.ai.openai", "azure.ai.inference", "azure_ai", "azure"), "azure"),
    **dict.fromkeys(("aws.bedrock", "bedrock", "bedrock_converse", "amazon", "aws"), "aws"),
    **dict.fromkeys(("gcp.vertex_ai", "gcp.gemini", "gcp.gen_ai", "vertex_ai", "google", "gemini"), "google"),
    "anthropic": "anthropic",
    **dict.fromkeys(("x_ai", "xai", "x-ai"), "x-ai"),
    **dict.fromkeys(("mistral_ai", "mistralai", "mistral"), "mistral"),
    **dict.fromkeys(("together_ai", "together", "togetherai", "together-ai"), "together"),
    **dict.fromkeys(("fireworks_ai", "fireworks", "fireworks-ai"), "fireworks"),
    **dict.fromkeys(("moonshot_ai", "moonshotai", "moonshot"), "moonshotai"),
    **dict.fromkeys(("z_ai", "z.ai", "zai", "z-ai"), "zai"),
    **dict.fromkeys(("zhipuai", "zhipu", "bigmodel"), "zhipuai"),
    **dict.fromkeys(("github_copilot", "github-copilot"), "github-copilot"),
    **dict.fromkeys(("cloudflare", "workers-ai", "workersai"), "cloudflare"),
    **dict.fromkeys(("voyageai", "voyage", "voyage_ai"), "voyageai"),
    **dict.fromkeys(("cohere", "cohere_chat"), "cohere"),
    **dict.fromkeys(("tongyi", "dashscope", "alibaba", "alibaba_cloud", "aliyun", "qwen"), "alibaba"),
    **{name: name for name in ("deepseek", "groq", "perplexity", "openrouter", "cerebras", "minimax", "novita")},
    **{name: name for name in ("databricks", "baseten", "ovhcloud", "modal", "meta", "elevenlabs")},
}
"""Provider as spans and gateways call it -> id in the price list. Names of the OTel registry (`gen_ai.provider.name`),
LiteLLM's prefixes (docs.litellm.ai/docs/providers), LangChain's and Vercel's package names, Dify's plug-ins."""

LOCAL = frozenset(
    {
        "ollama", "ollama_chat", "lmstudio", "lm_studio", "lm-studio", "llamacpp", "llama.cpp", "llama_cpp",
        "llama-cpp", "llamafile", "vllm", "hosted_vllm", "sglang", "text-generation-inference", "tgi", "localai",
        "xinference", "xorbits", "gpt4all", "mlx", "koboldcpp", "oobabooga", "local", "transformers",
    }
)  # fmt: skip
"""What runs on the user's own machines: no list can know its price."""

NOT_SAID = frozenset(
    {
        "_other", "other", "unknown", "custom", "none", "null", "default", "unset", "litellm", "litellm_proxy",
        "gateway", "openai_compatible", "openai-compatible", "openai_api_compatible", "openai-api-compatible",
        "custom_openai",
    }
)  # fmt: skip
"""Values that name a gateway or nobody: the model's name decides."""

ANY_HOST = frozenset({"openai"})
"""OpenAI's SDK is the client of every compatible server, and says `openai` of each of them."""

FAMILIES = (
    (re.compile(r"^(text-embedding-(3|ada)|chatgpt-|ft:(gpt|davinci|babbage)|omni-moderation|codex-mini)"), "openai"),
    (re.compile(r"^(text-embedding-00\d|text-multilingual-embedding|gemini-)"), "google"),
    (re.compile(r"^(embed-|command(-|$)|c4ai-)"), "cohere"),
    (re.compile(r"^sonar(-|$)"), "perplexity"),
)
"""Names that only one company gives, beside those the price list itself ascribes (`model_match`)."""

_BEDROCK = re.compile(
    r"^(?:(?:us|us-gov|eu|apac|ap|jp|au|ca|sa|uk|global)\.)?"
    r"(?:ai21|amazon|anthropic|cohere|deepseek|google|luma|meta|minimax|mistral|moonshot|moonshotai|nvidia|openai|qwen"
    r"|stability|twelvelabs|writer|zai)\.[a-z]"
)
_ARN = re.compile(r"^arn:[a-z-]+:bedrock:[^/]*/")
_PATH = re.compile(r"^(?:projects/[^/]+/locations/[^/]+/)?(?:publishers/[^/]+/)?models/")
_LOCAL_TAG = re.compile(r":(latest|\d+(\.\d+)?[bm](-.*)?|[a-z0-9.-]*q\d_[a-z0-9_]+)$")
_DATE = re.compile(r"(-20\d\d-\d\d-\d\d|-20\d{6}|@20\d{6}|@20\d\d-\d\d-\d\d)$")
_COMPACT_DATE = re.compile(r"-(20\d\d)(\d\d)(\d\d)$")
_FINE_TUNE = re.compile(r"^(ft:[^:]+)(:.*)?$")
_BEDROCK_VERSION = re.compile(r"(-v\d+)?(:\d+)?(:\d+k)?$")
_GOOGLE_REVISION = re.compile(r"-00\d$")


RUNS_LOCALLY = "it runs locally, without a price"
REGIONAL = {"alibaba": "Alibaba's prices depend on the region of the endpoint, which is not known"}
"""Companies that ask three times as much in one region as in another: `qwen-plus` 0.40 USD a million input tokens in
Singapore, 0.8 CNY (0.11 USD) in Beijing (alibabacloud.com/help/en/model-studio/model-pricing)."""


class Reference(NamedTuple):
    """Where to look: the list's id of who hosts the model (None: whoever the names belong to), and what for."""

    host: str | None
    names: tuple[str, ...]


class NoReference(NamedTuple):
    """Why there is nowhere to look."""

    reason: str


def references(provider: str | None, model: str | None) -> tuple[Reference, ...] | NoReference:
    """Where a price of this model may stand, best first."""
    name = _PATH.sub("", (model or "").strip().lower())
    if not name:
        return NoReference("no model is named")
    said = plain_provider(provider)
    if said in LOCAL:
        return NoReference(RUNS_LOCALLY)
    host, names = _place(host_of(said), name)
    open_host = host is None or host in ANY_HOST
    if host in LOCAL or (open_host and _LOCAL_TAG.search(name) and not _FINE_TUNE.match(name)):
        return NoReference(RUNS_LOCALLY)
    if host is None and said is not None and said not in NOT_SAID:
        return NoReference(f"the provider {said[:60]} is in no price list")
    if host in REGIONAL:
        return NoReference(REGIONAL[host])
    spelled = tuple(dict.fromkeys(one for each in names for one in spellings(host, each)))
    found = () if host is None else (Reference(host, spelled),)
    return (*found, Reference(None, spelled)) if open_host else found


def plain_provider(provider: str | None) -> str | None:
    """The provider in lower case; the last of Dify's triple `langgenius/openai/openai`, the first of `openai.chat`."""
    found = (provider or "").strip().lower().rsplit("/", 1)[-1]
    if found in HOSTS or found in LOCAL:
        return found
    return found.split(".", 1)[0] if found.split(".", 1)[0] in HOSTS else found or None


def _place(host: str | None, name: str) -> tuple[str | None, list[str]]:
    """The host, and the name as that host may list it; prefixes are taken off while they name a host."""
    arn = _ARN.match(name)
    if arn or _BEDROCK.match(name):
        return "aws", [name[arn.end() :] if arn else name]
    names = [name]
    while "/" in name:
        head, rest = name.split("/", 1)
        named = head if head in LOCAL else HOSTS.get(head)
        if named is None and head not in NOT_SAID:
            break
        name = rest
        if host is None or host in ANY_HOST:
            host, names = named or host, [name]
        else:
            names.append(name)
    if host == "aws" and "/" in name:  # LiteLLM: bedrock/us-east-1/..., bedrock/converse/...
        names.append(name.rsplit("/", 1)[-1])
    return host, names


def host_of(said: str | None) -> str | None:
    """The list's id of a provider, also of one that a longer name contains (`azure-openai`, `amazon-bedrock`)."""
    if said is None or said in NOT_SAID:
        return None
    return HOSTS.get(said) or next((host for part, host in _PARTS if part in said), None)


_PARTS = (
    ("azure", "azure"), ("bedrock", "aws"), ("vertex", "google"), ("gemini", "google"), ("google", "google"),
    ("huggingface", "huggingface"), ("openrouter", "openrouter"), ("anthropic", "anthropic"), ("mistral", "mistral"),
    ("cohere", "cohere"), ("deepseek", "deepseek"), ("together", "together"), ("fireworks", "fireworks"),
    ("openai", "openai"),
)  # fmt: skip
"""Parts of longer provider names, the more telling ones first: `azure-openai` is Azure."""


def spellings(host: str | None, name: str) -> tuple[str, ...]:
    """The name and its other spellings with the same price, the exact one first."""
    tuned = _FINE_TUNE.match(name)
    if tuned:
        return tuple(dict.fromkeys((name, tuned[1], _DATE.sub("", tuned[1]))))
    found = [name]
    if host == "aws":
        found.append(_BEDROCK_VERSION.sub("", name))
    plain = name.removesuffix(":latest").replace("gpt-35-", "gpt-3.5-", 1)
    found += [plain, _COMPACT_DATE.sub(r"-\1-\2-\3", plain), _DATE.sub("", plain), plain.removesuffix("-latest")]
    if host in ("google", None):
        found.append(_GOOGLE_REVISION.sub("", plain))
    return tuple(dict.fromkeys(found))


def family(name: str) -> str | None:
    """The company that alone gives such names; None when more than one might."""
    return next((host for pattern, host in FAMILIES if pattern.match(name)), None)
