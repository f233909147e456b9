"""Spans that the anthropic SDK makes of its own accord (scope `com.anthropic.sdk.python`): `anthropic.*`.

Source: anthropic-sdk-python 2.11. Usage, models and ids come in the keys of `genai.py`.
"""

from translator.rules import Convention, words

CONVENTION = Convention(
    name="anthropic",
    fields={"finish_reasons": words("anthropic.message.stop_reason")},
    prefixes=("anthropic.",),
)
