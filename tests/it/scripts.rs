#![expect(clippy::unwrap_used, reason = "a helper of a test is part of the test")]
//! Plans as PowerShell scripts: judged by a grammar of PowerShell, by the documentation of the cmdlets where its data is
//! at hand, and by the steps that they are made from.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use exchange_groups::graph_client::exchange::{
    AddDistributionGroupMember, Cmdlet, EnableOrganizationCustomization, Identity, NewApplicationAccessPolicy,
    NewDistributionGroup, NewServicePrincipal, RemoveApplicationAccessPolicy, RemoveDistributionGroupMember,
    RemoveManagementRoleAssignment, RemoveServicePrincipal, SetDistributionGroup, SetManagementRoleAssignment,
    UpdateDistributionGroupMember,
};
use exchange_groups::graph_client::{ClientId, ServicePrincipalId};
use exchange_groups::{Observation, Plan, Restriction, Script, ScriptHeader, Step};
use exchange_groups_tests::{Contoso, GROUP};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use tree_sitter::Node;

use crate::exchange_powershell::hostile;
use crate::powershell_reader::{Line, children, expected, find, json_of};

/// Commands that are no cmdlets of Exchange or Graph, or that change nothing in the tenant.
const HARMLESS: &[&str] = &[
    "Set-StrictMode",
    "Select-Exact",
    "Get-Text",
    "Get-IdTable",
    "Test-Same",
    "Write-Output",
    "Write-Warning",
    "Where-Object",
    "ForEach-Object",
    "Format-Table",
    "Select-Object",
    "Out-Null",
    "Start-Sleep",
    "Get-Command",
    "Connect-ExchangeOnline",
    "Disconnect-ExchangeOnline",
    "Connect-MgGraph",
    "Disconnect-MgGraph",
];

/// A command of a script, as the grammar reads it.
#[derive(Debug)]
struct Invocation {
    name: String,
    /// The parameters, those of a table that is splatted included.
    parameters: BTreeSet<String>,
    /// The values of that table: JSON, or the text of an expression.
    table: Map<String, Value>,
    is_asked_for: bool,
    /// The conditions of the branches that lead to it, and of those that turned away before.
    conditions: Vec<String>,
}

impl Invocation {
    fn is_of_a_service(&self) -> bool {
        !HARMLESS.contains(&&*self.name)
    }

    fn writes(&self) -> bool {
        self.is_of_a_service() && !self.name.starts_with("Get-") && !self.name.starts_with("Test-")
    }
}

/// A script, read.
struct Reading {
    line: Line,
    text: String,
    /// Where each variable is set to a table, and the table.
    tables: Vec<(usize, String, Map<String, Value>)>,
}

impl Reading {
    /// # Errors
    ///
    /// The fault, when the grammar sees one or a byte is not ASCII.
    fn of(script: &str) -> Result<Self, String> {
        if let Some(odd) = script.chars().find(|c| !(c.is_ascii_graphic() || matches!(c, ' ' | '\n'))) {
            return Err(format!("{odd:?} in the script"));
        }
        let line = Line::parse(script);
        let root = line.tree.root_node();
        if root.has_error() {
            let fault = first_fault(root).map(|node| format!("{} at {:?}", node.kind(), node.start_position()));
            return Err(format!("the grammar sees an error: {fault:?}\n{script}"));
        }
        let mut read = Self { line, text: script.to_owned(), tables: Vec::new() };
        read.tables = read.read_tables();
        Ok(read)
    }

    /// A value as JSON, or an expression as its text.
    fn value(&self, node: Node<'_>) -> Value {
        let text = self.text[node.byte_range()].trim().to_owned();
        if text.starts_with("if (") {
            return Value::String(text);
        }
        let is_literal = matches!(&*text, "$true" | "$false" | "$null") || !text.starts_with(['$', '[']);
        let read = is_literal.then(|| self.line.value(node).and_then(json_of).ok()).flatten();
        read.unwrap_or(Value::String(text))
    }

    fn read_tables(&self) -> Vec<(usize, String, Map<String, Value>)> {
        let mut tables = Vec::new();
        for node in find(self.line.tree.root_node(), "assignment_expression") {
            let text = &self.text[node.byte_range()];
            let Some((variable, _)) = text.split_once(" = @{").filter(|(name, _)| !name.contains([' ', '\n'])) else {
                continue;
            };
            let mut table = Map::new();
            for entry in find(node, "hash_entry") {
                let parts = children(entry);
                table.insert(self.text[parts[0].byte_range()].to_owned(), self.value(parts[1]));
            }
            tables.push((node.start_byte(), variable.trim_start_matches('$').to_owned(), table));
        }
        tables
    }

    /// The table that a variable has at a place: the last one before it.
    fn table(&self, variable: &str, before: usize) -> Map<String, Value> {
        let mut earlier = self.tables.iter().filter(|(at, name, _)| *at < before && name == variable);
        earlier.next_back().map(|(_, _, table)| table.clone()).unwrap_or_default()
    }

    /// The literals of an array that a variable is set to.
    fn array(&self, variable: &str) -> Vec<Value> {
        let root = self.line.tree.root_node();
        let assigned = find(root, "assignment_expression");
        let array = assigned.into_iter().find(|node| self.slice(*node).starts_with(&format!("{variable} = @(")));
        let statements = find(array.unwrap_or_else(|| panic!("no {variable}")), "pipeline");
        let statements = statements.into_iter().filter(|node| find(*node, "pipeline").len() == 1);
        statements.map(|node| self.value(node)).collect()
    }

    fn slice(&self, node: Node<'_>) -> String {
        self.text[node.byte_range()].to_owned()
    }

    fn commands(&self) -> Vec<Invocation> {
        find(self.line.tree.root_node(), "command").into_iter().map(|node| self.command(node)).collect()
    }

    fn command(&self, node: Node<'_>) -> Invocation {
        let name = self.slice(node.child_by_field_name("command_name").unwrap());
        let mut parameters = BTreeSet::new();
        let mut table = Map::new();
        let elements = node.child_by_field_name("command_elements").map(children).unwrap_or_default();
        for element in elements {
            let text = self.slice(element);
            if element.kind() == "command_parameter" {
                parameters.insert(text.trim_start_matches('-').trim_end_matches(':').to_owned());
            } else if let Some(variable) = text.trim().strip_prefix('@') {
                table = self.table(variable, node.start_byte());
                parameters.extend(table.keys().cloned());
            }
        }
        let mut conditions = Vec::new();
        let mut inner = node;
        while let Some(outer) = inner.parent() {
            if outer.kind() == "if_statement" || outer.kind() == "elseif_clause" {
                let condition = outer.child_by_field_name("condition").map(|it| self.slice(it));
                conditions.extend(condition);
                if outer.kind() == "if_statement" {
                    // The branches before this one, each of which turned away.
                    let clauses =
                        find(outer, "elseif_clause").into_iter().filter(|it| it.end_byte() <= inner.start_byte());
                    conditions
                        .extend(clauses.filter_map(|it| it.child_by_field_name("condition")).map(|it| self.slice(it)));
                }
            }
            inner = outer;
        }
        let is_asked_for = conditions.iter().any(|condition| condition.contains("$PSCmdlet.ShouldProcess("));
        Invocation { name, parameters, table, is_asked_for, conditions }
    }
}

fn first_fault(node: Node<'_>) -> Option<Node<'_>> {
    if node.is_error() || node.is_missing() {
        return Some(node);
    }
    (0..node.child_count()).filter_map(|index| node.child(index)).find_map(first_fault)
}

/// What a step is on the wire.
fn wire(step: &Step) -> (String, Map<String, Value>) {
    let value = serde_json::to_value(&step.change).unwrap();
    (value["command"].as_str().unwrap().to_owned(), value["parameters"].as_object().cloned().unwrap_or_default())
}

/// Holds a script against the steps that it is made from.
fn check(script: &Script, steps: &[Step]) -> Result<(), String> {
    let exchange = Reading::of(&script.exchange)?;
    check_one(&exchange)?;
    let mut made: Vec<(String, Value)> = Vec::new();
    for command in exchange.commands().iter().filter(|command| command.writes()) {
        let mut table = command.table.clone();
        if let Some(Value::String(text)) = table.get("Member")
            && text == "$member"
        {
            // Those in a loop are counted by the lists.
            continue;
        }
        if let Some(Value::String(text)) = table.get("Members").cloned()
            && text.starts_with('$')
        {
            table.insert("Members".into(), Value::Array(exchange.array(&text)));
        }
        made.push((command.name.clone(), Value::Object(table)));
    }
    let mut single: Vec<Value> = Vec::new();
    for step in steps {
        let (name, parameters) = wire(step);
        if step.change.cmdlet().is_none() {
            continue;
        }
        if let Some(member) = parameters.get("Member") {
            single.push(member.clone());
            continue;
        }
        let Value::Object(mut wanted) = expected(&Value::Object(parameters)) else { unreachable!() };
        // What is found is changed, by what was found.
        let at = made.iter().position(|(made, table)| {
            let mut table = table.clone();
            if let (Some(Value::String(found)), true) = (table.get("Identity"), wanted.contains_key("Identity"))
                && found.starts_with("[string] $found[0].")
            {
                table["Identity"] = wanted["Identity"].clone();
            }
            for scope in ["RecipientGroupScope", "PolicyScopeGroupId"] {
                if let (Some(Value::String(found)), Some(wanted)) = (table.get(scope), wanted.get(scope))
                    && found.contains("[string] $group[0].Guid")
                {
                    table[scope] = wanted.clone();
                }
            }
            *made == name && table == Value::Object(wanted.clone())
        });
        let Some(at) = at else {
            wanted.remove("Members");
            return Err(format!("{name} {wanted:?} is not among {made:?}\n{}", script.exchange));
        };
        made.remove(at);
    }
    if !made.is_empty() {
        return Err(format!("nobody asked for {made:?}"));
    }
    let mut listed: Vec<Value> = Vec::new();
    for node in find(exchange.line.tree.root_node(), "assignment_expression") {
        let text = exchange.slice(node);
        let name = text.split(' ').next().unwrap_or_default();
        let loops = format!("foreach ($member in {name}) {{\n            $count");
        if name.starts_with("$members") && exchange.text.replace("    ", "").contains(&loops.replace("    ", "")) {
            listed.extend(exchange.array(name));
        }
    }
    if listed != single {
        return Err(format!("single members: {listed:?} for {single:?}"));
    }
    let graph_steps: Vec<&Step> = steps.iter().filter(|step| step.change.cmdlet().is_none()).collect();
    if script.graph.is_some() == graph_steps.is_empty() {
        return Err("a script for Graph where none is needed, or none where one is".into());
    }
    let mut revoked = Vec::new();
    if let Some(graph) = &script.graph {
        let graph = Reading::of(graph)?;
        check_one(&graph)?;
        revoked.extend(graph.commands().into_iter().filter(Invocation::writes).map(|command| command.name));
    }
    if revoked.len() != graph_steps.len() {
        return Err(format!("{revoked:?} for {} revocations", graph_steps.len()));
    }
    Ok(())
}

/// The rules that hold for any script.
fn check_one(script: &Reading) -> Result<(), String> {
    for command in script.commands() {
        let name = &command.name;
        if command.writes() && !command.is_asked_for {
            return Err(format!("{name} is made without a question"));
        }
        if command.is_of_a_service() && !command.parameters.contains("ErrorAction") {
            return Err(format!("{name} has no -ErrorAction"));
        }
        if name.starts_with("Remove-") {
            let is_counted =
                |it: &String| it.contains(".Count -ne 1") || it.contains("$count -ne 1") || it.contains(".Count -eq 1");
            if !command.conditions.iter().any(is_counted) {
                return Err(format!("{name} removes what was not found exactly once: {:?}", command.conditions));
            }
        }
    }
    // At the end of a comment a backtick is a character like any other.
    let comments: Vec<_> = find(script.line.tree.root_node(), "comment").iter().map(Node::byte_range).collect();
    let goes_on = |(at, _): &(usize, &str)| !comments.iter().any(|comment| comment.contains(at));
    if script.text.match_indices("`\n").any(|it| goes_on(&it)) {
        return Err("a line goes on behind a backtick".into());
    }
    Ok(())
}

fn checked(plan: &Plan) -> Script {
    let script = plan.powershell();
    if let Err(fault) = check(&script, &plan.steps) {
        panic!("{fault}");
    }
    for step in &plan.steps {
        let all = format!("{}{}", script.exchange, script.graph.as_deref().unwrap_or_default());
        assert!(all.contains(&step.sentence()), "{}\n{all}", step.sentence());
        assert!(all.contains(&step.reason), "{}\n{all}", step.reason);
    }
    script
}

/// Plans of many kinds: for a new group and for one that has drifted, with both restrictions.
async fn plans() -> Vec<(&'static str, Plan)> {
    let mut plans = Vec::new();
    let contoso = Contoso::start().await;
    plans.push(("a new group with a role", contoso.plan(&contoso.rbac().build().unwrap()).await));
    plans.push(("a new group with a policy", contoso.plan(&contoso.policy().build().unwrap()).await));
    contoso.tenant.set_dehydrated(true);
    plans.push(("an organisation that was never customised", contoso.plan(&contoso.rbac().build().unwrap()).await));
    let contoso = Contoso::start().await;
    let spec = contoso.rbac().build().unwrap();
    contoso.provision(&spec).await;
    plans.push(("nothing to do", contoso.plan(&spec).await));
    contoso.tenant.add_member(GROUP, "ceo@contoso.com");
    contoso.tenant.add_member(GROUP, "adele.vance@contoso.com");
    contoso.tenant.remove_member(GROUP, &contoso.rooms()[1]);
    contoso.tenant.add_room("atrium@contoso.com");
    contoso.tenant.grant_app_role(&contoso.booking, "Calendars.ReadWrite");
    let name = contoso.tenant.role_assignments(&contoso.booking)[0].name.clone();
    contoso.tenant.run_cmdlet("Set-ManagementRoleAssignment", json!({ "Identity": name, "Enabled": false }));
    plans.push(("a group that has drifted", contoso.plan(&spec).await));
    let other = contoso.rbac().permission(exchange_groups::Permission::Read).build().unwrap();
    plans.push(("another permission", contoso.plan(&other).await));
    plans
}

#[tokio::test]
async fn every_script_parses_has_each_change_once_and_asks_before_it() {
    let plans = plans().await;
    let mut cmdlets = BTreeSet::new();
    for (title, plan) in &plans {
        let script = checked(plan);
        assert!(script.exchange.contains(plan.digest().as_str()), "{title}");
        assert!(script.exchange.contains(&plan.origin.tenant), "{title}");
        cmdlets.extend(plan.steps.iter().map(|step| step.change.cmdlet().unwrap_or("Graph")));
    }
    // The plans are of many kinds indeed.
    for cmdlet in ["New-DistributionGroup", "Remove-DistributionGroupMember", "Set-ManagementRoleAssignment", "Graph"] {
        assert!(cmdlets.contains(cmdlet), "{cmdlets:?}");
    }
}

#[tokio::test]
async fn whole_scripts_read_as_an_administrator_expects() {
    let contoso = Contoso::start().await;
    for room in contoso.rooms().iter().skip(3) {
        contoso.tenant.remove_mailbox(room);
    }
    let stable = |script: &str, plan: &Plan| {
        script.replace(plan.digest().as_str(), "(digest)").replace(&plan.origin.made_at.to_string(), "(time)")
    };
    let rbac = contoso.plan(&contoso.rbac().build().unwrap()).await;
    let script = rbac.powershell();
    insta::assert_snapshot!("a_new_group_with_a_role", stable(&script.exchange, &rbac));
    insta::assert_snapshot!("the_revocation", stable(script.graph.as_deref().unwrap(), &rbac));
    let spec = contoso.policy().build().unwrap();
    contoso.provision(&spec).await;
    contoso.tenant.add_member(GROUP, "ceo@contoso.com");
    let policy = contoso.plan(&spec).await;
    insta::assert_snapshot!("a_member_that_must_not_be_reached", stable(&policy.powershell().exchange, &policy));
}

#[tokio::test]
async fn what_is_grave_stands_behind_a_switch_of_its_own() {
    for (title, plan) in plans().await {
        let script = plan.powershell();
        let parameters = script.exchange.split_once("param(").unwrap().1.split_once("\n)").unwrap().0;
        let removes_role = plan.steps.iter().any(|it| it.change.cmdlet() == Some("Remove-ManagementRoleAssignment"));
        assert_eq!(parameters.contains("$AllowRemoveManagementRoleAssignment"), removes_role, "{title}");
        assert!(!parameters.to_lowercase().contains("secret") && !parameters.to_lowercase().contains("password"));
        if let Some(graph) = script.graph {
            assert!(graph.contains("[switch] $AllowRevocation"), "{title}");
        }
    }
}

/// A command on the wire; `None` for one that its own rules refuse.
fn json_text<C: Cmdlet>(cmdlet: &C) -> Option<Value> {
    cmdlet.powershell().ok().map(|_| serde_json::to_value(cmdlet).unwrap())
}

/// Every cmdlet that changes something, as a step, with texts that want to get out of their quotes.
fn hostile_steps(name: &str, other: &str, reason: &str) -> Vec<Step> {
    let guid = "5a0d9c1e-7c34-4f0b-b8f4-9a1c2f3d4e05";
    let app = "8f1c6d52-0b7e-4a2e-9d11-5c2b7f90aa01";
    let id = || guid.parse::<Identity>().unwrap();
    let app: ClientId = app.parse().unwrap();
    let principal: ServicePrincipalId = guid.parse().unwrap();
    let mut steps = Vec::new();
    // A text that is no name of anything makes no step.
    let mut push = |command: &str, parameters: Option<Value>| {
        let Some(parameters) = parameters else { return };
        let change = json!({ "command": command, "parameters": parameters });
        steps.push(serde_json::from_value::<Step>(json!({ "reason": reason, "change": change })).unwrap());
    };
    if let Ok(name) = name.parse() {
        let new = NewDistributionGroup::security(name).primary_smtp_address("rooms@contoso.com".parse().unwrap());
        push("New-DistributionGroup", json_text(&new.description(other)));
    }
    let set = SetDistributionGroup::new(id()).display_name(name).description(other);
    push("Set-DistributionGroup", json_text(&set));
    let two = ["one@contoso.com", "two@contoso.com"].map(|member| member.parse::<Identity>().unwrap());
    push("Update-DistributionGroupMember", json_text(&UpdateDistributionGroupMember::replace_all(id(), two).unwrap()));
    let text = |letter: char, text: &str| format!("{letter}{text}").parse::<Identity>().unwrap();
    push("Add-DistributionGroupMember", json_text(&AddDistributionGroupMember::new(id(), text('a', name))));
    push("Add-DistributionGroupMember", json_text(&AddDistributionGroupMember::new(id(), text('b', other))));
    push("Remove-DistributionGroupMember", json_text(&RemoveDistributionGroupMember::new(id(), text('c', other))));
    push("Enable-OrganizationCustomization", json_text(&EnableOrganizationCustomization::new()));
    push("New-ServicePrincipal", json_text(&NewServicePrincipal::new(app, principal).display_name(name)));
    push("Remove-ServicePrincipal", json_text(&RemoveServicePrincipal::new(principal)));
    push("Set-ManagementRoleAssignment", json_text(&SetManagementRoleAssignment::enabled(text('d', name), true)));
    push("Remove-ManagementRoleAssignment", json_text(&RemoveManagementRoleAssignment::new(text('e', name))));
    let policy = NewApplicationAccessPolicy::restrict(app, text('f', name)).description(other);
    push("New-ApplicationAccessPolicy", json_text(&policy));
    let policy = format!("{guid}\\{app}:S-1-5-21-1-2-3-4;{guid}").parse().unwrap();
    push("Remove-ApplicationAccessPolicy", json_text(&RemoveApplicationAccessPolicy::new(policy)));
    push(
        "DELETE appRoleAssignments",
        Some(json!({
            "application": app, "service_principal": guid, "assignment": "kZxQ9mQ2mE2kzQ", "permission": name,
            "resource": "Microsoft Graph",
        })),
    );
    steps
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_text_gets_out_of_its_place(name in hostile(), other in hostile(), reason in hostile()) {
        let application = "8f1c6d52-0b7e-4a2e-9d11-5c2b7f90aa01".parse().unwrap();
        let origin = Observation::empty(format!("contoso{other}.onmicrosoft.com"), application).origin;
        let mut header = ScriptHeader::new(name.clone(), origin, application);
        header.application_name = Some(other.clone());
        header.digest = Some((&*other).into());
        header.restriction = Some(Restriction::Rbac);
        header.reached = vec![name.clone()];
        header.must_not_reach = vec![other.clone()];
        header.addresses.insert("one@contoso.com".into(), reason.clone());
        let steps = hostile_steps(&name, &other, &reason);
        prop_assert!(steps.len() >= 8, "{}", steps.len());
        let script = Script::new(&header, &steps);
        check(&script, &steps).map_err(TestCaseError::fail)?;
    }
}

#[test]
fn more_members_than_one_call_takes_are_added_one_by_one() {
    let group: Identity = "5a0d9c1e-7c34-4f0b-b8f4-9a1c2f3d4e05".parse().unwrap();
    let members: Vec<Identity> =
        (0..5_001).map(|number| format!("room-{number}@contoso.com").parse().unwrap()).collect();
    let fill = UpdateDistributionGroupMember::replace_all(group, members).unwrap();
    let change = json!({ "command": "Update-DistributionGroupMember", "parameters": fill });
    let step: Step = serde_json::from_value(json!({ "reason": "it is empty", "change": change })).unwrap();
    let application = "8f1c6d52-0b7e-4a2e-9d11-5c2b7f90aa01".parse().unwrap();
    let origin = Observation::empty("contoso.onmicrosoft.com", application).origin;
    let script = Script::new(&ScriptHeader::new("Plan", origin, application), &[step]).exchange;
    let reading = Reading::of(&script).unwrap();
    check_one(&reading).unwrap();
    assert_eq!(reading.array("$members1").len(), 5_001);
    assert!(script.contains("Members = @($members1 | Select-Object -First 5000)"));
    assert!(reading.commands().iter().any(|it| it.name == "Add-DistributionGroupMember" && it.is_asked_for));
}

/// What belongs to two sessions keeps its order: neither script goes past a step of the other one.
#[test]
fn a_step_that_stands_behind_one_of_the_other_script_waits_for_it() {
    let mut steps = hostile_steps("a", "b", "c");
    let application = "8f1c6d52-0b7e-4a2e-9d11-5c2b7f90aa01".parse().unwrap();
    let origin = Observation::empty("contoso.onmicrosoft.com", application).origin;
    let header = ScriptHeader::new("Plan", origin, application);
    let of = |steps: &[Step]| {
        let script = Script::new(&header, steps);
        check(&script, steps).unwrap();
        (script.exchange, script.graph.unwrap())
    };
    let last = steps.len();
    let (exchange, graph) = of(&steps);
    assert!(!exchange.contains("GraphDoneUpTo"));
    assert!(graph.contains(&format!("if ($ExchangeDoneUpTo -lt {}", last - 1)), "{graph}");
    steps.rotate_right(1);
    let (exchange, graph) = of(&steps);
    assert!(!graph.contains("ExchangeDoneUpTo"));
    let gate = exchange.find("if ($GraphDoneUpTo -lt 1").unwrap();
    let first = exchange.find("$PSCmdlet.ShouldProcess(").unwrap();
    assert!(gate < first && exchange.contains("[int] $GraphDoneUpTo = 0"));
    assert_eq!(exchange.matches("if ($GraphDoneUpTo").count(), 1, "it is asked for once");
}

#[test]
fn a_hostile_name_is_there_and_reads_back() {
    let name = "Raum \u{2019}$(Remove-Mailbox *)` K\u{f6}ln \u{1f600}";
    let steps = hostile_steps(name, "x", "y");
    assert!(steps.len() >= 13, "{}", steps.len());
    let application = "8f1c6d52-0b7e-4a2e-9d11-5c2b7f90aa01".parse().unwrap();
    let origin = Observation::empty("contoso.onmicrosoft.com", application).origin;
    let script = Script::new(&ScriptHeader::new("Plan", origin, application), &steps);
    check(&script, &steps).unwrap();
    assert!(script.exchange.contains("[char]8217") && script.exchange.contains("\\u{2019}"));
}

#[test]
fn the_judge_notices_what_it_looks_for() {
    for (script, fault) in [
        ("Remove-Mailbox -Identity 'x' -ErrorAction Stop", "without a question"),
        (
            "if ($PSCmdlet.ShouldProcess('x', 'y')) {\n    Remove-Mailbox -Identity 'x' -ErrorAction Stop\n}",
            "exactly once",
        ),
        ("Get-Mailbox -Identity 'x'", "no -ErrorAction"),
        ("Get-Mailbox -Identity 'x' `\n    -ErrorAction Stop", "backtick"),
        ("Get-Mailbox -Identity 'x", "the grammar"),
        ("'\u{f6}'", "in the script"),
    ] {
        let found = Reading::of(script).and_then(|script| check_one(&script)).unwrap_err();
        assert!(found.contains(fault), "{found}");
    }
}

/// `CONFORMANCE_DATA` names the folder that holds `exchange-parameters.json`.
#[tokio::test]
async fn every_parameter_of_a_script_is_documented_conformance() {
    let Some(folder) = std::env::var_os("CONFORMANCE_DATA").map(PathBuf::from) else { return };
    let text = std::fs::read(folder.join("exchange-parameters.json")).unwrap();
    let data: Value = serde_json::from_slice(&text).unwrap();
    // Parameters that every cmdlet has.
    let common = ["ErrorAction"];
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut scripts: Vec<String> = plans().await.iter().map(|(_, plan)| plan.powershell().exchange).collect();
    let application = "8f1c6d52-0b7e-4a2e-9d11-5c2b7f90aa01".parse().unwrap();
    let origin = Observation::empty("contoso.onmicrosoft.com", application).origin;
    scripts.push(Script::new(&ScriptHeader::new("Plan", origin, application), &hostile_steps("a", "b", "c")).exchange);
    for script in scripts {
        for command in Reading::of(&script).unwrap().commands().into_iter().filter(Invocation::is_of_a_service) {
            *seen.entry(command.name.clone()).or_default() += 1;
            let page = &data["cmdlets"][&command.name];
            assert_eq!(page["online"], true, "{}", command.name);
            let known = page["parameters"].as_object().unwrap();
            for parameter in command.parameters.iter().filter(|it| !common.contains(&&***it)) {
                let is_known = known.keys().any(|name| name.eq_ignore_ascii_case(parameter));
                assert!(is_known, "{} -{parameter}", command.name);
            }
        }
    }
    assert!(seen.len() > 15, "{seen:?}");
}
