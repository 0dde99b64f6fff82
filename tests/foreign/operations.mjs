// Microsoft's JavaScript client against fake-tenant: each operation by name, and whether it did what it says.
//
//     NODE_EXTRA_CA_CERTS=CERTIFICATE node operations.mjs LINE
//
// LINE is what fake-tenant printed, CERTIFICATE the file that it wrote.

import assert from "node:assert";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(pathToFileURL(process.env.FOREIGN_MODULES + "/"));
const { ClientSecretCredential } = require("@azure/identity");
const { Client, PageIterator, BatchResponseContent } = require("@microsoft/microsoft-graph-client");
const { TokenCredentialAuthenticationProvider } = require(
  "@microsoft/microsoft-graph-client/authProviders/azureTokenCredentials",
);

const line = JSON.parse(process.argv[2]);
const room = "boardroom@contoso.com";

async function control(method, path, body) {
  const answer = await fetch(line.control + path, { method, body: body && JSON.stringify(body) });
  return answer.json();
}

const roles = ["User.Read.All", "Group.ReadWrite.All", "Calendars.ReadWrite", "Place.Read.All", "Directory.Read.All"];
const made = await control("POST", "/applications", { displayName: "Foreign", secret: "s3cret", roles });
const credential = new ClientSecretCredential(line.tenantId, made.clientId, "s3cret", {
  authorityHost: line.login,
  disableInstanceDiscovery: true,
});
const authProvider = new TokenCredentialAuthenticationProvider(credential, {
  scopes: ["https://graph.microsoft.com/.default"],
});
const host = new URL(line.graph);
const graph = Client.initWithMiddleware({
  authProvider,
  baseUrl: line.graph,
  customHosts: new Set([host.hostname, host.host]),
});

const kept = {};
const operations = {
  "sign in and list": async () => assert((await graph.api("/users").get()).value.length > 0),
  page: async () => {
    const seen = new Set();
    const first = await graph.api("/users").top(5).get();
    await new PageIterator(graph, first, (user) => seen.add(user.id) && true).iterate();
    assert(seen.size > 10, `${seen.size}`);
  },
  filter: async () => {
    const page = await graph.api("/users").filter("startswith(displayName,'Adele')").get();
    assert(page.value.length > 0 && page.value.every((user) => user.displayName.startsWith("Adele")));
  },
  count: async () => {
    const page = await graph.api("/users").header("ConsistencyLevel", "eventual").count(true).top(1).get();
    assert(page["@odata.count"] > 10);
  },
  search: async () => {
    const page = await graph.api("/users").header("ConsistencyLevel", "eventual").search('"displayName:Adele"').get();
    assert(page.value.length > 0 && page.value.every((user) => user.displayName.includes("Adele")));
  },
  one: async () => {
    kept.adele = (await graph.api("/users/adele.vance@contoso.com").get()).id;
  },
  "not found": async () => {
    await assert.rejects(graph.api("/users/nobody@contoso.com").get(), { statusCode: 404, code: "Request_ResourceNotFound" });
  },
  "create group": async () => {
    const group = { displayName: "Crew", mailNickname: "crew2", mailEnabled: false, securityEnabled: true };
    kept.group = (await graph.api("/groups").post(group)).id;
  },
  "member by reference": async () => {
    const reference = { "@odata.id": `https://graph.microsoft.com/v1.0/directoryObjects/${kept.adele}` };
    await graph.api(`/groups/${kept.group}/members/$ref`).post(reference);
    assert.equal((await graph.api(`/groups/${kept.group}/members`).get()).value.length, 1);
  },
  expand: async () => {
    const group = await graph.api(`/groups/${kept.group}`).expand("members").get();
    assert.equal(group.members.length, 1);
  },
  rooms: async () => assert((await graph.api("/places/microsoft.graph.room").get()).value[0].emailAddress),
  event: async () => {
    const at = (dateTime) => ({ dateTime, timeZone: "UTC" });
    const event = { subject: "Stand-up", start: at("2026-12-03T09:00:00"), end: at("2026-12-03T09:15:00") };
    kept.event = (await graph.api(`/users/${room}/events`).post(event)).id;
    await graph.api(`/users/${room}/events/${kept.event}`).patch({ subject: "Moved" });
  },
  "calendar view": async () => {
    const view = await graph
      .api(`/users/${room}/calendarView`)
      .query({ startDateTime: "2026-12-03T00:00:00Z", endDateTime: "2026-12-04T00:00:00Z" })
      .get();
    assert.deepEqual(view.value.map((it) => it.subject), ["Moved"]);
  },
  batch: async () => {
    // Node's Request takes no relative address, of which a batch is made.
    const requests = [
      { id: "1", method: "GET", url: `/users/${kept.adele}` },
      { id: "2", method: "GET", url: "/users/nobody@contoso.com" },
    ];
    const answer = new BatchResponseContent(await graph.api("/$batch").post({ requests }));
    assert.deepEqual([answer.getResponseById("1").status, answer.getResponseById("2").status], [200, 404]);
  },
  throttled: async () => {
    await control("POST", "/faults", { match: { path: "/users", times: 1 }, fault: { throttle: "1" } });
    assert((await graph.api("/users").get()).value.length > 0);
  },
  "delete event": async () => graph.api(`/users/${room}/events/${kept.event}`).delete(),
};

let failed = 0;
for (const [name, operation] of Object.entries(operations)) {
  try {
    await operation();
    console.log(`graph-client (JS)  ${name.padEnd(22)} passed`);
  } catch (error) {
    failed += 1;
    console.log(`graph-client (JS)  ${name.padEnd(22)} FAILED  ${String(error).slice(0, 160)}`);
  }
}
const all = Object.keys(operations).length;
console.log(`graph-client (JS)  ${all - failed} of ${all}`);
process.exit(failed ? 1 : 0);
