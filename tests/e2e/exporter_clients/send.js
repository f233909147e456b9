// Sends what said.json says with the exporters of the folder MODULES: `send.js grpc|protobuf|json`; all else by
// OTEL_ variables. Names and constructors differ between the generations of the SDK.
'use strict';
const { createRequire } = require('module');
const { readFileSync } = require('fs');
const { join } = require('path');

const load = createRequire(join(process.env.MODULES, 'send.js'));
const SAID = JSON.parse(readFileSync(join(__dirname, 'said.json')));
const SCOPE = ['exporter.clients', '1.2'];
const kind = { grpc: 'grpc', protobuf: 'proto', json: 'http' }[process.argv[2]];
const resources = load('@opentelemetry/resources');
const { SpanStatusCode } = load('@opentelemetry/api');
const api = load('@opentelemetry/api');

const own = { 'service.name': process.env.OTEL_SERVICE_NAME };
const resource = resources.resourceFromAttributes
  ? resources.resourceFromAttributes(own) : new resources.Resource(own);

function major(name) {
  return Number(JSON.parse(readFileSync(join(process.env.MODULES, 'node_modules', name, 'package.json'))).version.split('.')[0]);
}

const GENERATION = major('@opentelemetry/resources');

function batching(Processor, exporter, takesOptions, options = {}) {
  return takesOptions ? new Processor({ exporter, ...options }) : new Processor(exporter, options);
}

function exporter(signal, name) {
  return new (load(`@opentelemetry/exporter-${signal}-otlp-${kind}`)[name])();
}

async function sendSpans() {
  const sdk = load(GENERATION > 2 ? '@opentelemetry/sdk-trace' : '@opentelemetry/sdk-trace-base');
  const Provider = sdk.BasicTracerProvider || sdk.TracerProvider;
  const processor = batching(
    sdk.BatchSpanProcessor, exporter('trace', 'OTLPTraceExporter'), GENERATION > 2, { maxExportBatchSize: 16 });
  const provider = new Provider({ resource, spanProcessors: [processor] });
  if (GENERATION === 1) provider.addSpanProcessor(processor);
  const tracer = provider.getTracer(...SCOPE);
  const root = tracer.startSpan('root');
  const below = api.trace.setSpan(api.ROOT_CONTEXT, root);
  for (let number = 0; number < SAID.children; number++) {
    const span = tracer.startSpan(`child ${number}`, { attributes: { ...SAID.attributes, number } }, below);
    span.addEvent('said', SAID.event);
    if (number % 7 === 0) span.setStatus({ code: SpanStatusCode.ERROR, message: 'no network' });
    span.end();
  }
  root.end();
  await provider.forceFlush();
  await provider.shutdown();
  return root.spanContext().traceId;
}

async function sendLogs() {
  const { LoggerProvider, BatchLogRecordProcessor } = load('@opentelemetry/sdk-logs');
  const processor = batching(BatchLogRecordProcessor, exporter('logs', 'OTLPLogExporter'), GENERATION > 1);
  const provider = new LoggerProvider({ resource, processors: [processor] });
  if (GENERATION === 1) provider.addLogRecordProcessor(processor);
  const logger = provider.getLogger(...SCOPE);
  for (let number = 0; number < 3; number++) {
    logger.emit({ timestamp: 1763700000000 + number, body: `line ${number}`, attributes: { number } });
  }
  await provider.forceFlush();
  await provider.shutdown();
}

async function sendMetrics() {
  const { MeterProvider, PeriodicExportingMetricReader } = load('@opentelemetry/sdk-metrics');
  const reader = new PeriodicExportingMetricReader({ exporter: exporter('metrics', 'OTLPMetricExporter') });
  const provider = new MeterProvider({ resource, readers: [reader] });
  provider.getMeter(...SCOPE).createCounter('calls').add(5, { model: 'gpt-4o' });
  if (GENERATION === 1) await provider.forceFlush(); // later ones do so when they shut down
  await provider.shutdown();
}

(async () => {
  const traceId = await sendSpans();
  await sendLogs();
  await sendMetrics();
  console.log(traceId);
})();
