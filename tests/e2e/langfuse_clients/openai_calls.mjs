// Calls of a model through `observeOpenAI` (JavaScript SDKs 3 to 5): run with LANGFUSE_BASE_URL, OPENAI_BASE_URL and keys.
// Prints, as JSON, the calls as the SDK reads them back.
import OpenAI from "openai";

const { observe, flush, read } = await import("@langfuse/openai").then(newer, older);

async function newer({ observeOpenAI }) {
  const { LangfuseClient } = await import("@langfuse/client");
  const { LangfuseSpanProcessor } = await import("@langfuse/otel");
  const { NodeSDK } = await import("@opentelemetry/sdk-node");
  const processor = new LangfuseSpanProcessor();
  new NodeSDK({ spanProcessors: [processor] }).start();
  const { api } = new LangfuseClient();
  const fields = "core,basic,io,model,usage,metadata";
  const read = async () => [
    ...(await api.legacy.observationsV1.getMany()).data,
    ...(await api.observations.getMany({ fields })).data,
  ];
  return { observe: observeOpenAI, flush: () => processor.forceFlush(), read };
}

async function older() {
  const { Langfuse, observeOpenAI } = await import("langfuse");
  const read = async () => (await new Langfuse().fetchObservations()).data;
  return { observe: observeOpenAI, flush: () => observeOpenAI(new OpenAI()).flushAsync(), read };
}

const client = new OpenAI({ maxRetries: 0 });
const named = (generationName) => observe(client, { generationName });
const messages = (text) => [
  { role: "system", content: "Be brief." },
  { role: "user", content: text },
];
const chat = (name, more) =>
  named(name).chat.completions.create({ model: "gpt-4o-mini", messages: messages(name), ...more });
const respond = (name, more) => named(name).responses.create({ model: "gpt-4o-mini", input: name, ...more });
const parameters = { type: "object", properties: { city: { type: "string" } } };

async function drain(stream) {
  for await (const _ of await stream);
}

await chat("plain", { temperature: 0.5 });
await drain(chat("stream", { stream: true, stream_options: { include_usage: true } }));
await chat("think", { model: "gpt-5-mini" });
await chat("tool", { tools: [{ type: "function", function: { name: "get_weather", parameters } }] });
await respond("respond");
await drain(respond("respond stream", { stream: true }));
await named("embed").embeddings.create({ model: "text-embedding-3-small", input: "embed", encoding_format: "float" });
await chat("fail").catch((error) => {
  if (error.status !== 429) throw error;
});
await flush();
console.log(JSON.stringify(await read()));
