use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::json;

use crate::client::Client;
use crate::graph::macros::resource;
use crate::graph::{IdentitySet, List, Operation, Support, Timestamp, call};
use crate::ids::{GroupId, InvalidValue, PlanId, TaskId};

/// Plans, their buckets and their tasks. Made by [`Client::planner`].
#[derive(Debug, Clone)]
pub struct Planner {
    pub(crate) client: Client,
}

/// What the lists of plans, buckets and tasks support: they come as they are.
const LISTS: Support = Support::other("Planner", &[], None);

impl Planner {
    /// The plans of a Microsoft 365 group.
    ///
    /// # Permissions
    ///
    /// `Tasks.Read.All`
    pub fn plans_of_group(&self, group: impl Into<GroupId>) -> List<PlannerPlan> {
        let group: GroupId = group.into();
        let path = "/v1.0/groups/{}/planner/plans";
        List::supporting(
            call(&self.client, Method::GET, "list the plans of a group.as_str()", path, &[group.as_str()]),
            LISTS,
        )
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
    pub fn plan(&self, id: impl Into<PlanId>) -> Operation<PlannerPlan> {
        let id: PlanId = id.into();
        call(&self.client, Method::GET, "read a plan", "/v1.0/planner/plans/{}", &[id.as_str()]).record()
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
    pub fn create_plan(&self, group: impl Into<GroupId>, title: &str) -> Operation<PlannerPlan> {
        let group: GroupId = group.into();
        let request = call(&self.client, Method::POST, "create a plan", "/v1.0/planner/plans", &[]);
        let container = json!({ "containerId": group.as_str(), "type": "group" });
        request
            .checked([named("group", group.as_str()), named("title", title)].into_iter().flatten())
            .body(&json!({ "container": container, "title": title }))
            .record()
    }

    /// The buckets (columns) of a plan.
    ///
    /// # Permissions
    ///
    /// `Tasks.Read.All`
    pub fn buckets(&self, plan: impl Into<PlanId>) -> List<PlannerBucket> {
        let plan: PlanId = plan.into();
        let path = "/v1.0/planner/plans/{}/buckets";
        List::supporting(
            call(&self.client, Method::GET, "list the buckets of a plan.as_str()", path, &[plan.as_str()]),
            LISTS,
        )
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
    pub fn create_bucket(&self, plan: impl Into<PlanId>, name: &str) -> Operation<PlannerBucket> {
        let plan: PlanId = plan.into();
        let request = call(&self.client, Method::POST, "create a bucket", "/v1.0/planner/buckets", &[]);
        request
            .checked([named("plan", plan.as_str()), named("name", name)].into_iter().flatten())
            .body(&json!({ "planId": plan.as_str(), "name": name, "orderHint": AT_THE_END }))
            .record()
    }

    /// The tasks of a plan.
    ///
    /// # Permissions
    ///
    /// `Tasks.Read.All`
    pub fn tasks(&self, plan: impl Into<PlanId>) -> List<PlannerTask> {
        let plan: PlanId = plan.into();
        let path = "/v1.0/planner/plans/{}/tasks";
        List::supporting(
            call(&self.client, Method::GET, "list the tasks of a plan.as_str()", path, &[plan.as_str()]),
            LISTS,
        )
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
    pub fn task(&self, id: impl Into<TaskId>) -> Operation<PlannerTask> {
        let id: TaskId = id.into();
        call(&self.client, Method::GET, "read a task", "/v1.0/planner/tasks/{}", &[id.as_str()]).record()
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

resource! {
    /// A plan.
    pub struct PlannerPlan {
        /// The id.
        id: String,
        /// The title.
        title: Option<String>,
        /// What the plan is in. Old plans have an `owner` instead.
        container: Option<PlannerContainer>,
        /// The group that the plan is in, in the form that came before `container`.
        owner: Option<String>,
        /// Who made it.
        created_by: Option<IdentitySet>,
        /// When it was made.
        created_date_time: Option<Timestamp>,
        /// Its version, for a change of one's own.
        etag: Option<String> = "@odata.etag",
    }

    /// What a plan is in.
    pub struct PlannerContainer {
        /// The id, such as that of a group.
        container_id: Option<String>,
        /// The kind, such as `group` or `roster`.
        kind: Option<String> = "type",
        /// The address in Graph.
        url: Option<String>,
    }

    /// A bucket (column) of a plan.
    pub struct PlannerBucket {
        /// The id.
        id: String,
        /// The name.
        name: Option<String>,
        /// The plan.
        plan_id: Option<String>,
        /// Where it stands among the others.
        order_hint: Option<String>,
        /// Its version, for a change of one's own.
        etag: Option<String> = "@odata.etag",
    }
}

resource! {
    /// A task.
    pub struct PlannerTask {
        /// The id.
        id: String,
        /// The plan.
        plan_id: Option<String> [read create],
        /// The bucket. It must belong to the same plan.
        bucket_id: Option<String> [read create update],
        /// The title.
        title: Option<String> [read create update],
        /// Who is to do it, by their object ids.
        assignments: Option<BTreeMap<String, PlannerAssignment>> [read create],
        /// Who is to do it. What is not named here stays.
        assignments: Option<BTreeMap<String, Option<PlannerAssignment>>> [update],
        /// When it begins.
        start_date_time: Option<Timestamp> [read create update],
        /// When it is due.
        due_date_time: Option<Timestamp> [read create update],
        /// How far it is, 0 to 100 percent.
        percent_complete: Option<i32> [read create update],
        /// How urgent it is, from 0 (most) to 10. Planner shows 1 as urgent, 3 as important, 5 as medium and 9 as low.
        priority: Option<i32> [read create update],
        /// Where it stands among the others.
        order_hint: Option<String> [read create],
        /// Whether its details say more.
        has_description: Option<bool>,
        /// Who made it.
        created_by: Option<IdentitySet>,
        /// When it was made.
        created_date_time: Option<Timestamp>,
        /// Who completed it.
        completed_by: Option<IdentitySet>,
        /// When it was completed.
        completed_date_time: Option<Timestamp>,
        /// Its version, without which it cannot be changed.
        etag: Option<String> = "@odata.etag",
    }
    /// A task that is to be made, by [`new`](Self::new).
    create NewPlannerTask;
    /// Changes of a task.
    update PlannerTaskUpdate;
}

resource! {
    /// Someone who is to do a task.
    pub struct PlannerAssignment {
        /// The type, which Planner wants to be told.
        kind: Option<String> = "@odata.type",
        /// Where the task stands among the others of this person.
        order_hint: Option<String>,
        /// Who gave it to them.
        assigned_by: Option<IdentitySet>,
        /// When they got it.
        assigned_date_time: Option<Timestamp>,
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

impl Client {
    /// Plans, buckets and tasks.
    #[must_use]
    pub fn planner(&self) -> Planner {
        Planner { client: self.clone() }
    }
}
