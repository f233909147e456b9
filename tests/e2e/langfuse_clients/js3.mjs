// What an application does with Langfuse's JavaScript SDK 3: run with LANGFUSE_BASEURL and keys set.
// Prints, as JSON, what the SDK reads back.
import { Langfuse, LangfuseMedia } from "langfuse";

const PIXEL = "data:image/png;base64," + Buffer.from("\x89PNG\r\n\x1a\nxx", "latin1").toString("base64");
const langfuse = new Langfuse();
langfuse.on("error", (error) => {
  console.error(error);
  process.exitCode = 1;
});

const trace = langfuse.trace({
  name: "chat",
  userId: "u1",
  sessionId: "s1",
  input: { q: "hi" },
  tags: ["b", "a"],
  metadata: { k: 1, deep: { list: [1, "two"] } },
  release: "r1",
  version: "v1",
});
const retrieve = trace.span({ name: "retrieve", input: "q", metadata: { step: 1 } });
const generation = retrieve.generation({
  name: "llm",
  model: "gpt-4o-mini",
  modelParameters: { temperature: 0.5 },
  input: [{ role: "user", content: "hi" }],
});
generation.end({ output: "hello", usageDetails: { input: 10, output: 5 }, completionStartTime: new Date() });
retrieve.end({ output: ["d1"] });
trace.span({ name: "broken", input: "x" }).end({ level: "ERROR", statusMessage: "boom" });
trace.event({ name: "seen", level: "WARNING", input: { a: 1 } });
trace.update({ output: "hello" });
trace.score({ name: "quality", value: 0.9, comment: "fine" });
generation.score({ name: "kind", value: "good" });
trace.score({ name: "right", value: 1, dataType: "BOOLEAN" });
await langfuse.flushAsync();
// Only now: the SDK loads what it needs for media after its own start.
trace.span({ name: "picture", input: { img: new LangfuseMedia({ base64DataUri: PIXEL }) } }).end();
await langfuse.flushAsync();

const { data: read } = await langfuse.fetchTrace(trace.id);
const { data: listed } = await langfuse.fetchTraces({ userId: "u1", tags: ["a", "b"] });
const { data: calls } = await langfuse.fetchObservations({ name: "llm" });
const { data: sessions } = await langfuse.fetchSessions();
const { data: broken } = await langfuse.fetchObservation(read.observations.find((one) => one.name === "broken").id);
const picture = read.observations.find((one) => one.name === "picture");
const { img } = await langfuse.resolveMediaReferences({ obj: picture.input, resolveWith: "base64DataUri" });

console.log(
  JSON.stringify({
    traces: [read, ...listed],
    observations: [...read.observations, ...calls, broken],
    scores: read.scores,
    sessions: sessions.map((session) => session.id),
    picture: img === PIXEL,
  }),
);
langfuse.trace({ name: "at exit" });
await langfuse.shutdownAsync();
