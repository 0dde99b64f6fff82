"""Microsoft's Python SDK against fake-tenant: each operation by name, and whether it did what it says.

    operations.py LINE CERTIFICATE

LINE is what fake-tenant printed, CERTIFICATE the file that it wrote.
"""

import asyncio
import json
import ssl
import sys
import urllib.request

import httpx
from azure.identity import ClientSecretCredential
from kiota_authentication_azure.azure_identity_authentication_provider import AzureIdentityAuthenticationProvider
from msgraph import GraphRequestAdapter, GraphServiceClient
from msgraph.generated.groups.groups_request_builder import GroupsRequestBuilder
from msgraph.generated.groups.item.group_item_request_builder import GroupItemRequestBuilder
from msgraph.generated.models.calendar_permission import CalendarPermission  # noqa: F401  (the models import)
from msgraph.generated.models.date_time_time_zone import DateTimeTimeZone
from msgraph.generated.models.event import Event
from msgraph.generated.models.group import Group
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.generated.models.reference_create import ReferenceCreate
from msgraph.generated.users.item.calendar.get_schedule.get_schedule_post_request_body import GetSchedulePostRequestBody
from msgraph.generated.users.item.calendar_view.calendar_view_request_builder import CalendarViewRequestBuilder
from msgraph.generated.users.users_request_builder import UsersRequestBuilder
from kiota_abstractions.base_request_configuration import RequestConfiguration
from msgraph_core import GraphClientFactory
from msgraph_core.tasks.page_iterator import PageIterator

LINE = json.loads(sys.argv[1])
CERTIFICATE = sys.argv[2]
ROOM = "boardroom@contoso.com"
ROLES = ["User.Read.All", "Group.ReadWrite.All", "Calendars.ReadWrite", "Place.Read.All", "Directory.Read.All"]


def control(method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(LINE["control"] + path, data=data, method=method)
    with urllib.request.urlopen(request) as answer:
        return json.loads(answer.read() or b"null")


def client():
    made = control("POST", "/applications", {"displayName": "Foreign", "secret": "s3cret", "roles": ROLES})
    credential = ClientSecretCredential(
        LINE["tenantId"],
        made["clientId"],
        "s3cret",
        authority=LINE["login"],
        disable_instance_discovery=True,
        connection_verify=CERTIFICATE,
    )
    host = LINE["graph"].split("://")[1]
    auth = AzureIdentityAuthenticationProvider(
        credential, scopes=["https://graph.microsoft.com/.default"], allowed_hosts=[host, host.split(":")[0]]
    )
    http = httpx.AsyncClient(verify=ssl.create_default_context(cafile=CERTIFICATE), timeout=30)
    http = GraphClientFactory.create_with_default_middleware(client=http)
    adapter = GraphRequestAdapter(auth, client=http)
    adapter.base_url = LINE["graph"] + "/v1.0"
    return GraphServiceClient(request_adapter=adapter), adapter


def users(**query):
    parameters = UsersRequestBuilder.UsersRequestBuilderGetQueryParameters(**query)
    configuration = RequestConfiguration(query_parameters=parameters)
    configuration.headers.add("ConsistencyLevel", "eventual")
    return configuration


def moment(text):
    return DateTimeTimeZone(date_time=text, time_zone="UTC")


async def main():
    graph, adapter = client()
    kept = {}

    async def sign_in_and_list():
        page = await graph.users.get()
        assert page.value and page.value[0].id

    async def page():
        first = await graph.users.get(users(top=5))
        seen = []
        iterator = PageIterator(first, adapter)
        await iterator.iterate(lambda user: seen.append(user.id) or True)
        assert len(seen) == len(set(seen)) and len(seen) > 10, len(seen)

    async def filter_():
        page = await graph.users.get(users(filter="startswith(displayName,'Adele')"))
        assert page.value and all(user.display_name.startswith("Adele") for user in page.value), len(page.value)

    async def count():
        assert int(await graph.users.count.get(RequestConfiguration(headers=users().headers))) > 10

    async def search():
        page = await graph.users.get(users(search='"displayName:Adele"', count=True))
        assert page.value and page.odata_count

    async def one():
        kept["adele"] = (await graph.users.by_user_id("adele.vance@contoso.com").get()).id

    async def not_found():
        try:
            await graph.users.by_user_id("nobody@contoso.com").get()
        except ODataError as error:
            assert error.response_status_code == 404 and error.error.code == "Request_ResourceNotFound"
        else:
            raise AssertionError("found")

    async def create_group():
        group = Group(display_name="Crew", mail_nickname="crew", mail_enabled=False, security_enabled=True)
        kept["group"] = (await graph.groups.post(group)).id

    async def member_by_reference():
        reference = ReferenceCreate(odata_id=f"https://graph.microsoft.com/v1.0/directoryObjects/{kept['adele']}")
        await graph.groups.by_group_id(kept["group"]).members.ref.post(reference)

    async def members_in_bulk():
        ceo = (await graph.users.by_user_id("ceo@contoso.com").get()).id
        group = Group()
        group.additional_data = {
            "members@odata.bind": [f"https://graph.microsoft.com/v1.0/directoryObjects/{ceo}"]
        }
        await graph.groups.by_group_id(kept["group"]).patch(group)
        page = await graph.groups.by_group_id(kept["group"]).members.get()
        assert {member.id for member in page.value} == {kept["adele"], ceo}, page.value

    async def expand():
        parameters = GroupItemRequestBuilder.GroupItemRequestBuilderGetQueryParameters(expand=["members"])
        group = await graph.groups.by_group_id(kept["group"]).get(RequestConfiguration(query_parameters=parameters))
        assert len(group.members) == 2, group.members

    async def unknown_property():
        parameters = GroupsRequestBuilder.GroupsRequestBuilderGetQueryParameters(select=["colour"])
        try:
            await graph.groups.get(RequestConfiguration(query_parameters=parameters))
        except ODataError as error:
            assert error.response_status_code == 400, error.response_status_code
        else:
            raise AssertionError("a property that there is none of was selected")

    async def delta():
        page = await graph.users.delta.get()
        while page.odata_next_link:
            page = await graph.users.delta.with_url(page.odata_next_link).get()
        assert page.odata_delta_link
        control("POST", "/people", {"address": "new.hire@contoso.com"})
        changed = await graph.users.delta.with_url(page.odata_delta_link).get()
        assert len(changed.value) == 1, len(changed.value)

    async def rooms():
        page = await graph.places.graph_room.get()
        assert page.value and page.value[0].email_address

    async def event():
        event = Event(subject="Stand-up", start=moment("2026-12-01T09:00:00"), end=moment("2026-12-01T09:15:00"))
        kept["event"] = (await graph.users.by_user_id(ROOM).events.post(event)).id
        got = await graph.users.by_user_id(ROOM).events.by_event_id(kept["event"]).get()
        assert got.subject == "Stand-up"
        await graph.users.by_user_id(ROOM).events.by_event_id(kept["event"]).patch(Event(subject="Moved"))

    async def calendar_view():
        parameters = CalendarViewRequestBuilder.CalendarViewRequestBuilderGetQueryParameters(
            start_date_time="2026-12-01T00:00:00Z", end_date_time="2026-12-02T00:00:00Z"
        )
        configuration = RequestConfiguration(query_parameters=parameters)
        page = await graph.users.by_user_id(ROOM).calendar_view.get(configuration)
        assert [it.subject for it in page.value] == ["Moved"], page.value

    async def free_busy():
        body = GetSchedulePostRequestBody(
            schedules=[ROOM], start_time=moment("2026-12-01T00:00:00"), end_time=moment("2026-12-02T00:00:00")
        )
        schedules = await graph.users.by_user_id(ROOM).calendar.get_schedule.post(body)
        assert len(schedules.value[0].schedule_items) == 1

    async def delete_event():
        await graph.users.by_user_id(ROOM).events.by_event_id(kept["event"]).delete()

    async def throttled():
        control("POST", "/faults", {"match": {"path": "/users", "times": 1}, "fault": {"throttle": "1"}})
        page = await graph.users.get()
        assert page.value

    async def restricted():
        for number, body in enumerate(
            [
                {"name": "New-DistributionGroup", "parameters": {"Name": "Rooms", "Type": "Security", "Members": [ROOM]}},
                {
                    "name": "New-ApplicationAccessPolicy",
                    "parameters": {
                        "AppId": control("GET", "/requests")[-1]["application"],
                        "AccessRight": "RestrictAccess",
                        "PolicyScopeGroupId": "rooms@contoso.com",
                    },
                },
            ]
        ):
            control("POST", "/cmdlet", body)
        await graph.users.by_user_id(ROOM).events.get()
        try:
            await graph.users.by_user_id("ceo@contoso.com").events.get()
        except ODataError as error:
            assert error.response_status_code == 403, error.response_status_code
        else:
            raise AssertionError("the chief executive's calendar was read")

    failed = 0
    operations = [
        sign_in_and_list, page, filter_, count, search, one, not_found, create_group, member_by_reference, members_in_bulk,
        expand, unknown_property, delta, rooms, event, calendar_view, free_busy, delete_event, throttled, restricted,
    ]
    for operation in operations:
        name = operation.__name__.strip("_").replace("_", " ")
        try:
            await operation()
            print(f"msgraph-sdk        {name:<22} passed")
        except Exception as error:  # noqa: BLE001  (whatever it is, it is a line of the table)
            failed += 1
            print(f"msgraph-sdk        {name:<22} FAILED  {type(error).__name__}: {str(error)[:160]}")
    print(f"msgraph-sdk        {len(operations) - failed} of {len(operations)}")
    return 1 if failed else 0


sys.exit(asyncio.run(main()))
