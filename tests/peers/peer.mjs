// Microsoft's JavaScript client, asked what contract/src/lib.rs asks of the others: CASE IN_FLIGHT COUNT URL.
//
// It knows https addresses only: its own sign-in handler and its PageIterator take no others. So the handler below gives the
// token in place of that one, and the next page is asked for by its path. The rest of the chain is its own.
import { createHash } from "node:crypto";
import { createRequire } from "node:module";

const require = createRequire(`${process.env.PEER_MODULES}/package.json`);
const {
    BatchRequestContent, BatchResponseContent, Client, HTTPMessageHandler, RedirectHandler, RetryHandler, TelemetryHandler,
} = require("@microsoft/microsoft-graph-client");

const TOKEN = "eyJ0eXAiOiJKV1QifQ.eyJhdWQiOiJ0ZXN0In0.signature";
const [kind, inFlight, count, url] = process.argv.slice(2);

class Authorize {
    setNext(next) {
        this.next = next;
    }
    execute(context) {
        context.options.headers = { ...context.options.headers, Authorization: `Bearer ${TOKEN}` };
        return this.next.execute(context);
    }
}

const middleware = [new Authorize(), new RetryHandler(), new RedirectHandler(), new TelemetryHandler(), new HTTPMessageHandler()];
const client = Client.initWithMiddleware({ baseUrl: url, middleware });

// So many at once of a list of paths.
async function gets(paths, inFlight) {
    const groups = [];
    let next = 0;
    const worker = async () => {
        while (next < paths.length) groups.push(await client.api(paths[next++]).get());
    };
    await Promise.all(Array.from({ length: inFlight }, worker));
    return groups;
}

const cases = {
    get: () => gets(Array.from({ length: Number(count) }, (_, n) => `/groups/${n}`), Number(inFlight)),
    throttled: () => gets(Array.from({ length: Number(inFlight) }, (_, n) => `/groups/throttled-${n}`), Number(inFlight)),
    list: async () => {
        const groups = [];
        for (let next = "/groups?$top=999"; next && groups.length < Number(count);) {
            const page = await client.api(next).get();
            groups.push(...page.value);
            next = page["@odata.nextLink"]?.replace(`${url}/v1.0`, "");
        }
        return groups;
    },
    batch: async () => {
        const groups = [];
        for (let first = 0; first < Number(count); first += 20) {
            const steps = Array.from({ length: Math.min(20, Number(count) - first) }, (_, n) => ({
                id: String(first + n),
                request: new Request(`https://graph.microsoft.com/v1.0/groups/${first + n}`, { method: "GET" }),
            }));
            const content = await new BatchRequestContent(steps).getContent();
            const answers = new BatchResponseContent(await client.api("/$batch").post(content));
            for (const step of steps) groups.push(await answers.getResponseById(step.id).json());
        }
        return groups;
    },
};

await client.api("/groups/0").get();
const before = process.cpuUsage();
const started = process.hrtime.bigint();
const groups = await cases[kind]();
const wall = process.hrtime.bigint() - started;
const used = process.cpuUsage(before);
const lines = groups.map((group) => `${group.id}\t${group.displayName ?? ""}\t${group.mail ?? ""}\n`).sort();
console.log(JSON.stringify({
    count: groups.length,
    digest: createHash("sha256").update(lines.join("")).digest("hex").slice(0, 16),
    wall_us: Number(wall / 1000n),
    processor_ms: Math.round((used.user + used.system) / 1000),
    peak_kib: process.resourceUsage().maxRSS,
}));
