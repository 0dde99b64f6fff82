use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::json;

use crate::client::Client;
use crate::graph::model::{input, model, update};
use crate::graph::{IdentitySet, List, Operation, Support, Timestamp, call};
use crate::ids::InvalidValue;

/// Plans, their buckets and their tasks. Made by [`Client::planner`].
#[derive(Debug, Clone)]
pub struct Planner {
    pub(crate) client: Client,
}

impl Planner {
    /// The plans of a Microsoft 365 group.
    ///
    /// # Permissions
    ///
    /// `Tasks.Read.All`
    pub fn plans_of_group(&self, group: &str) -> List<PlannerPlan> {
        let path = "/v1.0/groups/{}/planner/plans";
        List::supporting(call(&self.client, Method::GET, "list the plans of a group", path, &[group]), Support::PLANNER)
            .of_records()
    }

    /// One plan.
    ///
    /// # Permissions
    ///
    /// `Tasks.Read.All`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) when there is none.
    pub fn plan(&self, id: &str) -> Operation<PlannerPlan> {
        call(&self.client, Method::GET, "read a plan", "/v1.0/planner/plans/{}", &[id]).record()
    }

    /// Makes a plan in a Microsoft 365 group. A signed-in user must be a member of the group.
    ///
    /// # Permissions
    ///
    /// `Tasks.ReadWrite.All`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Denied`](crate::ErrorKind::Denied) when the user is no member, or the group has as many plans as it
    /// may have.
    pub fn create_plan(&self, group: &str, title: &str) -> Operation<PlannerPlan> {
        let request = call(&self.client, Method::POST, "create a plan", "/v1.0/planner/plans", &[]);
        let container = json!({ "containerId": group, "type": "group" });
        request
            .checked([named("group", group), named("title", title)].into_iter().flatten())
            .body(&json!({ "container": container, "title": title }))
            .record()
    }

    /// The buckets (columns) of a plan.
    ///
    /// # Permissions
    ///
    /// `Tasks.Read.All`
    pub fn buckets(&self, plan: &str) -> List<PlannerBucket> {
        let path = "/v1.0/planner/plans/{}/buckets";
        List::supporting(call(&self.client, Method::GET, "list the buckets of a plan", path, &[plan]), Support::PLANNER)
            .of_records()
    }

    /// Makes a bucket at the end of a plan.
    ///
    /// # Permissions
    ///
    /// `Tasks.ReadWrite.All`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a bucket without a name.
    pub fn create_bucket(&self, plan: &str, name: &str) -> Operation<PlannerBucket> {
        let request = call(&self.client, Method::POST, "create a bucket", "/v1.0/planner/buckets", &[]);
        request
            .checked([named("plan", plan), named("name", name)].into_iter().flatten())
            .body(&json!({ "planId": plan, "name": name, "orderHint": AT_THE_END }))
            .record()
    }

    /// The tasks of a plan.
    ///
    /// # Permissions
    ///
    /// `Tasks.Read.All`
    pub fn tasks(&self, plan: &str) -> List<PlannerTask> {
        let path = "/v1.0/planner/plans/{}/tasks";
        List::supporting(call(&self.client, Method::GET, "list the tasks of a plan", path, &[plan]), Support::PLANNER)
            .of_records()
    }

    /// One task.
    ///
    /// # Permissions
    ///
    /// `Tasks.Read.All`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) when there is none.
    pub fn task(&self, id: &str) -> Operation<PlannerTask> {
        call(&self.client, Method::GET, "read a task", "/v1.0/planner/tasks/{}", &[id]).record()
    }

    /// Makes a task.
    ///
    /// # Permissions
    ///
    /// `Tasks.ReadWrite.All`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a task without a plan or a title, or with a number out of its
    /// range.
    pub fn create_task(&self, task: &NewPlannerTask) -> Operation<PlannerTask> {
        let request = call(&self.client, Method::POST, "create a task", "/v1.0/planner/tasks", &[]);
        request.checked(task.check()).body(task).record()
    }

    /// Changes a task, as it was read: a task that somebody else has changed since is left alone.
    ///
    /// # Permissions
    ///
    /// `Tasks.ReadWrite.All`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Conflict`](crate::ErrorKind::Conflict) when it was changed since: read it again;
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a task that was not read, or a number out of its range.
    pub fn update_task(&self, task: &PlannerTask, update: &PlannerTaskUpdate) -> Operation<()> {
        let request = call(&self.client, Method::PATCH, "change a task", "/v1.0/planner/tasks/{}", &[&task.id]);
        let faults = [
            task.check(),
            in_range("priority", update.priority.value(), 10),
            in_range("percent complete", update.percent_complete.value(), 100),
        ];
        request
            .checked(faults.into_iter().flatten())
            .header("if-match", task.etag.as_deref().unwrap_or_default())
            .body(update)
            .unit()
    }

    /// Deletes a task, as it was read: a task that somebody else has changed since is left alone.
    ///
    /// # Permissions
    ///
    /// `Tasks.ReadWrite.All`
    ///
    /// # Errors
    ///
    /// As [`update_task`](Self::update_task).
    pub fn delete_task(&self, task: &PlannerTask) -> Operation<()> {
        let request = call(&self.client, Method::DELETE, "delete a task", "/v1.0/planner/tasks/{}", &[&task.id]);
        request.checked(task.check()).header("if-match", task.etag.as_deref().unwrap_or_default()).unit()
    }
}

/// The hint that puts something after everything else.
/// See [order hints](https://learn.microsoft.com/graph/api/resources/planner-order-hint-format).
const AT_THE_END: &str = " !";

fn named(field: &'static str, value: &str) -> Option<InvalidValue> {
    value.trim().is_empty().then(|| InvalidValue::new(field, value, "must not be empty"))
}

fn in_range(field: &'static str, value: Option<&i32>, most: i32) -> Option<InvalidValue> {
    let value = value.filter(|value| !(0..=most).contains(*value))?;
    Some(InvalidValue::new(field, value.to_string(), format!("must be 0 to {most}")))
}

model! {
    /// A plan.
    #[derive(Default)]
    pub struct PlannerPlan {
        /// The id.
        pub id: String = "id",
        /// The title.
        pub title: Option<String> = "title",
        /// What the plan is in. Old plans have an `owner` instead.
        pub container: Option<PlannerContainer> = "container",
        /// The group that the plan is in, in the form that came before `container`.
        pub owner: Option<String> = "owner",
        /// Who made it.
        pub created_by: Option<IdentitySet> = "createdBy",
        /// When it was made.
        pub created_date_time: Option<Timestamp> = "createdDateTime",
        /// Its version, for a change of one's own.
        pub etag: Option<String> = "@odata.etag",
    }

    /// What a plan is in.
    #[derive(Default)]
    pub struct PlannerContainer {
        /// The id, such as that of a group.
        pub container_id: Option<String> = "containerId",
        /// The kind, such as `group` or `roster`.
        pub kind: Option<String> = "type",
        /// The address in Graph.
        pub url: Option<String> = "url",
    }

    /// A bucket (column) of a plan.
    #[derive(Default)]
    pub struct PlannerBucket {
        /// The id.
        pub id: String = "id",
        /// The name.
        pub name: Option<String> = "name",
        /// The plan.
        pub plan_id: Option<String> = "planId",
        /// Where it stands among the others.
        pub order_hint: Option<String> = "orderHint",
        /// Its version, for a change of one's own.
        pub etag: Option<String> = "@odata.etag",
    }

    /// A task.
    #[derive(Default)]
    pub struct PlannerTask {
        /// The id.
        pub id: String = "id",
        /// The plan.
        pub plan_id: Option<String> = "planId",
        /// The bucket.
        pub bucket_id: Option<String> = "bucketId",
        /// The title.
        pub title: Option<String> = "title",
        /// Who is to do it, by their object ids.
        pub assignments: Option<BTreeMap<String, PlannerAssignment>> = "assignments",
        /// When it begins.
        pub start_date_time: Option<Timestamp> = "startDateTime",
        /// When it is due.
        pub due_date_time: Option<Timestamp> = "dueDateTime",
        /// How far it is, 0 to 100 percent.
        pub percent_complete: Option<i32> = "percentComplete",
        /// How urgent it is, from 0 (most) to 10. Planner shows 1 as urgent, 3 as important, 5 as medium and 9 as low.
        pub priority: Option<i32> = "priority",
        /// Where it stands among the others.
        pub order_hint: Option<String> = "orderHint",
        /// Whether its details say more.
        pub has_description: Option<bool> = "hasDescription",
        /// Who made it.
        pub created_by: Option<IdentitySet> = "createdBy",
        /// When it was made.
        pub created_date_time: Option<Timestamp> = "createdDateTime",
        /// Who completed it.
        pub completed_by: Option<IdentitySet> = "completedBy",
        /// When it was completed.
        pub completed_date_time: Option<Timestamp> = "completedDateTime",
        /// Its version, without which it cannot be changed.
        pub etag: Option<String> = "@odata.etag",
    }

    /// Someone who is to do a task.
    #[derive(Default)]
    pub struct PlannerAssignment {
        /// The type, which Planner wants to be told.
        pub kind: Option<String> = "@odata.type",
        /// Where the task stands among the others of this person.
        pub order_hint: Option<String> = "orderHint",
        /// Who gave it to them.
        pub assigned_by: Option<IdentitySet> = "assignedBy",
        /// When they got it.
        pub assigned_date_time: Option<Timestamp> = "assignedDateTime",
    }
}

impl PlannerTask {
    fn check(&self) -> Option<InvalidValue> {
        let was_read = self.etag.as_ref().is_some_and(|etag| !etag.is_empty());
        (!was_read).then(|| InvalidValue::new("task", &self.id, "must be a task as it was read, with its etag"))
    }
}

impl PlannerAssignment {
    /// An assignment that puts the task at the end of what the person has to do.
    #[must_use]
    pub fn new() -> Self {
        Self {
            kind: Some("#microsoft.graph.plannerAssignment".to_owned()),
            order_hint: Some(AT_THE_END.to_owned()),
            ..Self::default()
        }
    }
}

input! {
    /// A task that is to be made, by [`new`](Self::new).
    pub struct NewPlannerTask {
        /// The plan.
        pub plan_id: String = "planId",
        /// The title.
        pub title: String = "title",
        /// The bucket, which must be of the same plan.
        pub bucket_id: String = "bucketId",
        /// Who is to do it, by their object ids.
        pub assignments: BTreeMap<String, PlannerAssignment> = "assignments",
        /// When it begins.
        pub start_date_time: Timestamp = "startDateTime",
        /// When it is due.
        pub due_date_time: Timestamp = "dueDateTime",
        /// How far it is, 0 to 100 percent.
        pub percent_complete: i32 = "percentComplete",
        /// How urgent it is, from 0 (most) to 10.
        pub priority: i32 = "priority",
        /// Where it stands among the others.
        pub order_hint: String = "orderHint",
    }
}

impl NewPlannerTask {
    /// A task of a plan.
    pub fn new(plan_id: impl Into<String>, title: impl Into<String>) -> Self {
        Self::default().plan_id(plan_id).title(title)
    }

    /// Gives the task to one more person, by their object id.
    pub fn assign_to(mut self, user_id: impl Into<String>) -> Self {
        self.assignments.get_or_insert_default().insert(user_id.into(), PlannerAssignment::new());
        self
    }

    fn check(&self) -> impl Iterator<Item = InvalidValue> {
        let faults = [
            named("plan id", self.plan_id.as_deref().unwrap_or_default()),
            named("title", self.title.as_deref().unwrap_or_default()),
            in_range("percent complete", self.percent_complete.as_ref(), 100),
            in_range("priority", self.priority.as_ref(), 10),
        ];
        faults.into_iter().flatten()
    }
}

update! {
    /// Changes of a task.
    pub struct PlannerTaskUpdate {
        /// The title.
        pub title: String = "title",
        /// The bucket.
        pub bucket_id: String = "bucketId",
        /// Who is to do it. What is not named here stays.
        pub assignments: BTreeMap<String, Option<PlannerAssignment>> = "assignments",
        /// When it begins.
        pub start_date_time: Timestamp = "startDateTime",
        /// When it is due.
        pub due_date_time: Timestamp = "dueDateTime",
        /// How far it is, 0 to 100 percent.
        pub percent_complete: i32 = "percentComplete",
        /// How urgent it is, from 0 (most) to 10.
        pub priority: i32 = "priority",
    }
}

impl Client {
    /// Plans, buckets and tasks.
    #[must_use]
    pub fn planner(&self) -> Planner {
        Planner { client: self.clone() }
    }
}
