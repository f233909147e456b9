// What an application does with Langfuse's JavaScript SDKs 4 and 5: run with LANGFUSE_BASE_URL and keys set.
// Prints, as JSON, what the SDK reads back.
import { LangfuseClient } from "@langfuse/client";
import { LangfuseMedia } from "@langfuse/core";
import { LangfuseSpanProcessor } from "@langfuse/otel";
import { propagateAttributes, setActiveTraceIO, startActiveObservation, startObservation } from "@langfuse/tracing";
import { NodeSDK } from "@opentelemetry/sdk-node";

const PIXEL = "data:image/png;base64," + Buffer.from("\x89PNG\r\n\x1a\nxx", "latin1").toString("base64");
const processor = new LangfuseSpanProcessor();
const sdk = new NodeSDK({ spanProcessors: [processor] });
sdk.start();
const langfuse = new LangfuseClient();

const propagated = {
  traceName: "chat",
  userId: "u1",
  sessionId: "s1",
  tags: ["b", "a"],
  metadata: { k: "1" },
  version: "v1",
};
let traceId;
await propagateAttributes(propagated, () =>
  startActiveObservation("main", async (root) => {
    traceId = root.traceId;
    setActiveTraceIO({ input: { q: "hi" }, output: "hello" });
    await startActiveObservation(
      "retrieve",
      async (retriever) => {
        retriever.update({ input: "q", metadata: { step: 1 } });
        const generation = retriever.startObservation(
          "llm",
          { model: "gpt-4o-mini", modelParameters: { temperature: 0.5 }, input: [{ role: "user", content: "hi" }] },
          { asType: "generation" },
        );
        generation.update({
          output: "hello",
          usageDetails: { input: 10, output: 5 },
          completionStartTime: new Date(),
        });
        generation.end();
        langfuse.score.observation(generation, { name: "kind", value: "good", dataType: "CATEGORICAL" });
        retriever.update({ output: ["d1"] });
      },
      { asType: "retriever" },
    );
    for (const asType of ["agent", "tool", "chain", "evaluator", "guardrail", "embedding"]) {
      startObservation(`one ${asType}`, { input: { of: asType }, output: "done" }, { asType }).end();
    }
    startObservation("broken", { input: "x", level: "ERROR", statusMessage: "boom" }).end();
    startObservation("seen", { level: "WARNING", input: { a: 1 } }, { asType: "event" });
    startObservation("picture", { input: { img: new LangfuseMedia({ source: "base64_data_uri", base64DataUri: PIXEL }) } }).end();
    langfuse.score.activeTrace({ name: "quality", value: 0.9, comment: "fine" });
    langfuse.score.activeTrace({ name: "right", value: 1, dataType: "BOOLEAN" });
  }),
);
await processor.forceFlush();
await langfuse.flush();

const read = await langfuse.api.trace.get(traceId);
const second = await langfuse.api.observations.getMany({ traceId, fields: "core,basic,io,model,usage,metadata", limit: 100 });
const scores = await langfuse.api.scores.getMany({ traceId });
const third = await langfuse.api.scoresV3.getManyV3({ traceId });
const listed = await langfuse.api.trace.list({ userId: "u1", tags: ["a", "b"] });
const sessions = await langfuse.api.sessions.list();
const picture = read.observations.find((one) => one.name === "picture");
const { img } = await langfuse.media.resolveReferences({ obj: picture.input, resolveWith: "base64DataUri" });

console.log(
  JSON.stringify({
    traces: [read, ...listed.data],
    observations: [...read.observations, ...second.data],
    scores: [...read.scores, ...scores.data, ...third.data],
    sessions: sessions.data.map((session) => session.id),
    picture: img === PIXEL,
  }),
);
startObservation("at exit").end();
await sdk.shutdown();
