"""Microsoft's Python SDK, asked what contract/src/lib.rs asks of the others: CASE IN_FLIGHT COUNT URL."""

import asyncio
import hashlib
import json
import resource
import sys
import time

from kiota_abstractions.authentication import AccessTokenProvider, AllowedHostsValidator, BaseBearerTokenAuthenticationProvider
from msgraph import GraphServiceClient
from msgraph.generated.groups.groups_request_builder import GroupsRequestBuilder
from msgraph.generated.models.group import Group
from msgraph.graph_request_adapter import GraphRequestAdapter
from msgraph_core.requests.batch_request_builder import BatchRequestBuilder
from msgraph_core.requests.batch_request_content import BatchRequestContent
from msgraph_core.requests.batch_request_item import BatchRequestItem

TOKEN = "eyJ0eXAiOiJKV1QifQ.eyJhdWQiOiJ0ZXN0In0.signature"


class Given(AccessTokenProvider):
    """A token that is there already."""

    async def get_authorization_token(self, uri, additional_authentication_context={}):
        return TOKEN

    def get_allowed_hosts_validator(self):
        return AllowedHostsValidator([])


async def gets(client, ids, in_flight):
    groups, ids = [], iter(ids)

    async def worker():
        for id in ids:
            groups.append(await client.groups.by_group_id(id).get())

    await asyncio.gather(*(worker() for _ in range(in_flight)))
    return groups


async def pages(client, count):
    parameters = GroupsRequestBuilder.GroupsRequestBuilderGetQueryParameters(top=999)
    options = GroupsRequestBuilder.GroupsRequestBuilderGetRequestConfiguration(query_parameters=parameters)
    page = await client.groups.get(request_configuration=options)
    groups = list(page.value)
    while page.odata_next_link and len(groups) < count:
        page = await client.groups.with_url(page.odata_next_link).get()
        groups.extend(page.value)
    return groups


async def batches(client, count):
    groups = []
    for first in range(0, count, 20):
        content = BatchRequestContent({})
        ids = [str(number) for number in range(first, min(first + 20, count))]
        for id in ids:
            content.add_request(id, BatchRequestItem(client.groups.by_group_id(id).to_get_request_information(), id))
        answers = await BatchRequestBuilder(client.request_adapter).post(content)
        groups.extend(answers.response_body(id, Group) for id in ids)
    return groups


async def main(case, in_flight, count, url):
    adapter = GraphRequestAdapter(BaseBearerTokenAuthenticationProvider(Given()))
    adapter.base_url = url + "/v1.0"
    client = GraphServiceClient(request_adapter=adapter)
    await client.groups.by_group_id("0").get()
    before, started = time.process_time(), time.perf_counter()
    if case == "get":
        groups = await gets(client, (str(number) for number in range(count)), in_flight)
    elif case == "throttled":
        groups = await gets(client, (f"throttled-{number}" for number in range(in_flight)), in_flight)
    elif case == "list":
        groups = await pages(client, count)
    else:
        groups = await batches(client, count)
    wall, used = time.perf_counter() - started, time.process_time() - before
    lines = sorted(f"{group.id}\t{group.display_name or ''}\t{group.mail or ''}\n" for group in groups)
    print(json.dumps({
        "count": len(groups),
        "digest": hashlib.sha256("".join(lines).encode()).hexdigest()[:16],
        "wall_us": int(wall * 1e6),
        "processor_ms": int(used * 1e3),
        "peak_kib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
    }))


case, in_flight, count, url = sys.argv[1:]
asyncio.run(main(case, int(in_flight), int(count), url))
