//! The script for a session of the Exchange Online module.

use std::collections::BTreeSet;

use graph_client::exchange::{Identity, PowerShellArgument};
use graph_client::printable;

use super::header::{Gates, ScriptHeader, about, switch};
use super::text::{Lines, called, comment, quoted, shown};
use crate::change::{Change, Step};
use crate::spec::Restriction;

/// The parameters that name a group as a scope.
const SCOPES: &[&str] = &["RecipientGroupScope", "PolicyScopeGroupId"];

/// How many members one call is given: a call is cut off after 15 minutes.
const AT_ONCE: usize = 5_000;

/// Finds what has exactly the id, address or name that was asked for: `Get-` may fit another object by a part of a name.
const SELECT_EXACT: &str = "\
# What has exactly this id, address or name: a Get- command may fit another object by its alias.
function Select-Exact {
    param([string] $Wanted, [object[]] $Candidate)
    $names = @('Identity', 'Guid', 'ExternalDirectoryObjectId', 'PrimarySmtpAddress', 'Name', 'ObjectId', 'AppId')
    foreach ($object in $Candidate) {
        foreach ($name in $names) {
            if ((Get-Text -Candidate $object -Name $name) -eq $Wanted) {
                $object
                break
            }
        }
    }
}";

const GET_TEXT: &str = "\
# A property as text; an empty text where there is none.
function Get-Text {
    param([object] $Candidate, [string] $Name)
    $property = $Candidate.PSObject.Properties[$Name]
    if ($null -eq $property) {
        return ''
    }
    return [string] $property.Value
}";

const GET_COUNT: &str = "\
# How many objects have each id or address.
function Get-IdTable {
    param([object[]] $Candidate)
    $table = @{}
    foreach ($object in $Candidate) {
        foreach ($name in @('Guid', 'ExternalDirectoryObjectId', 'PrimarySmtpAddress')) {
            $text = Get-Text -Candidate $object -Name $name
            if ($text -ne '') {
                $table[$text] = 1 + [int] $table[$text]
            }
        }
    }
    return $table
}";

const TEST_SAME: &str = "\
# Whether an object has all of these values already. A list is never taken for the same.
function Test-Same {
    param([object] $Candidate, [hashtable] $Arguments)
    foreach ($name in $Arguments.Keys) {
        if (@('Identity', 'Confirm', 'BypassSecurityGroupManagerCheck') -notcontains $name) {
            $value = $Arguments[$name]
            if ($value -is [array] -or $value -is [hashtable] -or $null -eq $value) {
                return $false
            }
            if ((Get-Text -Candidate $Candidate -Name $name) -cne [string] $value) {
                return $false
            }
        }
    }
    return $true
}";

pub(super) fn script(header: &ScriptHeader, steps: &[(usize, &Step)], graph_steps: &[usize]) -> String {
    let has_graph_part = !graph_steps.is_empty();
    let mut gates = Gates::new("Graph", graph_steps);
    let gate = gates.are_needed(steps).then(|| gates.parameter());
    let mut body = Body { header, out: Lines::inside(1), cmdlets: BTreeSet::new(), read_back: Lines::inside(2) };
    let mut rest = steps;
    while let Some(((number, step), more)) = rest.split_first() {
        gates.before(*number, &mut body.out);
        // A step of the other script ends a run of steps.
        let follows = |(at, (other, _)): &(usize, &(usize, &Step))| *other == number + at;
        let run = rest.iter().enumerate().take_while(follows);
        let run = run.take_while(|(_, (_, other))| is_same_loop(step, other)).count();
        if run > 0 {
            body.members(&rest[..run]);
            rest = &rest[run..];
        } else {
            body.step(*number, step);
            rest = more;
        }
    }
    body.tests();
    let Body { out: steps_text, cmdlets, read_back, .. } = body;

    let switches: BTreeSet<String> = steps.iter().filter_map(|(_, step)| switch(&step.change)).collect();
    let mut out = Lines::default();
    head(&mut out, header, &switches, has_graph_part, gate.as_deref());
    for function in [GET_TEXT, SELECT_EXACT, GET_COUNT, TEST_SAME] {
        out.lines(function);
        out.line("");
    }
    connect(&mut out, &cmdlets);
    let mut text = out.finish();
    text.push_str(&steps_text.finish());
    text.push_str("\n    # What is there now.\n    if (-not $WhatIfPreference) {\n");
    text.push_str(&read_back.finish());
    let mut end = Lines::inside(2);
    end.close("}");
    end.line("$results | Format-Table -AutoSize -Wrap");
    end.line(if has_graph_part {
        "Write-Output 'Wait until the change has propagated, prove the restriction, then run the script for Graph if it has not run.'"
    } else {
        "Write-Output 'Wait until the change has propagated, then prove the restriction.'"
    });
    end.close("}");
    end.open("finally {");
    end.line("Disconnect-ExchangeOnline -Confirm:$false -ErrorAction SilentlyContinue");
    end.close("}");
    text.push_str(&end.finish());
    text
}

fn head(out: &mut Lines, header: &ScriptHeader, switches: &BTreeSet<String>, has_graph_part: bool, gate: Option<&str>) {
    out.line("<#");
    out.line(".SYNOPSIS");
    out.line(format!("{}.", shown(&header.title)));
    out.line("");
    out.line(".DESCRIPTION");
    about(out, header);
    out.lines(
        "Run it with -WhatIf first: it connects, looks, and changes nothing. A step that needs an object which an\n\
         earlier step makes cannot be previewed; it is skipped with a message.\n\
         Each change asks for confirmation; -Confirm:$false answers for all. It can be run again: what is already so\n\
         is left alone. It stops at the first error. At the end it reads back what is there.",
    );
    if !switches.is_empty() {
        out.line(
            "What cannot be undone, or removes a restriction, stands behind a switch of its own. Without it the script",
        );
        out.line("stops before that step, and goes on there when it is run again with the switch.");
    }
    if has_graph_part {
        out.line("A second script revokes tenant-wide permissions in Microsoft Graph, in a session of its own.");
    }
    out.line("");
    for (name, text) in [
        ("UserPrincipalName", "Who signs in. Without it the module asks."),
        ("AppId", "The application that signs in by a certificate, in place of a person."),
        ("CertificateThumbprint", "The certificate of that application."),
        ("Organization", "The initial domain of the tenant, for the sign-in of an application."),
        ("ExchangeEnvironmentName", "The cloud."),
    ] {
        out.line(format!(".PARAMETER {name}"));
        out.line(text);
        out.line("");
    }
    if let Some(gate) = gate {
        out.line(format!(".PARAMETER {gate}"));
        out.line("The last step that the script for Graph has made. This one does not go past a step of the other.");
        out.line("");
    }
    for name in switches {
        out.line(format!(".PARAMETER {name}"));
        out.line("Lets the steps run that need it.");
        out.line("");
    }
    out.line(".EXAMPLE");
    out.line("./script.ps1 -UserPrincipalName 'admin@contoso.com' -WhatIf");
    out.line("#>");
    out.line("#Requires -Version 5.1");
    out.line("#Requires -Modules @{ ModuleName = 'ExchangeOnlineManagement'; ModuleVersion = '3.5.0' }");
    out.line("");
    out.line("[CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'High')]");
    out.open("param(");
    out.line("[string] $UserPrincipalName,");
    out.line("[string] $AppId,");
    out.line("[string] $CertificateThumbprint,");
    out.line(format!("[string] $Organization = {},", quoted(&header.origin.tenant)));
    out.line("[ValidateSet('O365Default', 'O365China', 'O365USGovGCCHigh', 'O365USGovDoD')]");
    let last = if switches.is_empty() && gate.is_none() { "" } else { "," };
    out.line(format!("[string] $ExchangeEnvironmentName = 'O365Default'{last}"));
    if let Some(gate) = gate {
        let last = if switches.is_empty() { "" } else { "," };
        out.line(format!("[int] ${gate} = 0{last}"));
    }
    for (index, name) in switches.iter().enumerate() {
        let last = if index + 1 == switches.len() { "" } else { "," };
        out.line(format!("[switch] ${name}{last}"));
    }
    out.close(")");
    out.line("");
    out.line("Set-StrictMode -Version Latest");
    out.line("$ErrorActionPreference = 'Stop'");
    out.line(format!("$expectedTenant = {}", quoted(&header.origin.tenant)));
    out.line("$results = @()");
    out.line("");
}

fn connect(out: &mut Lines, cmdlets: &BTreeSet<String>) {
    out.lines(
        "$connection = @{
    ExchangeEnvironmentName = $ExchangeEnvironmentName
    ShowBanner = $false
}
if ($AppId) {
    $connection['AppId'] = $AppId
    $connection['CertificateThumbprint'] = $CertificateThumbprint
    $connection['Organization'] = $Organization
}
elseif ($UserPrincipalName) {
    $connection['UserPrincipalName'] = $UserPrincipalName
}
Connect-ExchangeOnline @connection -ErrorAction Stop
try {
    # The right tenant?
    $tenant = [string] (Get-OrganizationConfig -ErrorAction Stop).Name
    if ($tenant -ne $expectedTenant) {
        throw ('This session is in ' + $tenant + ', and not in ' + $expectedTenant + ': nothing was changed.')
    }
    # A look-up that lacks the right to look finds nothing, which would be taken for an object that is not there.",
    );
    let names: Vec<String> = cmdlets.iter().map(|name| quoted(name)).collect();
    out.line(format!("    $needed = @({})", names.join(", ")));
    out.lines(
        "    foreach ($name in $needed) {
        if (-not (Get-Command -Name $name -ErrorAction SilentlyContinue)) {
            throw ('This session may not run ' + $name + ': nothing was changed.')
        }
    }",
    );
}

/// Whether two steps are changes of single members of one group, of the same kind.
fn is_same_loop(one: &Step, other: &Step) -> bool {
    let key = |step: &Step| {
        let (name, arguments) = (step.change.cmdlet()?, arguments(&step.change)?);
        let (verb, noun) = name.split_once('-')?;
        let is_single =
            noun.ends_with("Member") && matches!(verb, "Add" | "Remove") && value(&arguments, "Member").is_some();
        let rest: Vec<_> = arguments.into_iter().filter(|argument| argument.parameter != "Member").collect();
        is_single.then_some((name, rest))
    };
    key(one).is_some_and(|one| key(other) == Some(one))
}

fn arguments(change: &Change) -> Option<Vec<PowerShellArgument>> {
    change.arguments()?.ok()
}

fn value<'a>(arguments: &'a [PowerShellArgument], parameter: &str) -> Option<&'a str> {
    arguments.iter().find(|argument| argument.parameter == parameter).map(|argument| &*argument.value)
}

struct Body<'a> {
    header: &'a ScriptHeader,
    out: Lines,
    read_back: Lines,
    /// The cmdlets that the session must have.
    cmdlets: BTreeSet<String>,
}

impl Body<'_> {
    fn need(&mut self, cmdlet: &str) {
        self.cmdlets.insert(cmdlet.to_owned());
    }

    /// A look-up of what has exactly this identity; `identity` is an expression.
    fn look_up(&mut self, noun: &str, identity: &str) -> String {
        self.need(&format!("Get-{noun}"));
        format!(
            "@(Select-Exact -Wanted {identity} -Candidate @(Get-{noun} -Identity {identity} -ErrorAction SilentlyContinue))"
        )
    }

    fn row(&mut self, number: usize, wanted: &str, found: &str) {
        let wanted = quoted(&printable(wanted));
        self.read_back
            .line(format!("$results += [pscustomobject]@{{ Step = {number}; Wanted = {wanted}; Found = {found} }}"));
    }

    /// One change of any kind.
    fn step(&mut self, number: usize, step: &Step) {
        self.out.line("");
        self.out.line(comment(number, step));
        self.out.open("try {");
        match (step.change.cmdlet(), step.change.arguments()) {
            (Some(name), Some(Ok(arguments))) => self.command(number, step, name, &arguments),
            _ => {
                self.out
                    .line("throw 'this change has no form in PowerShell: make it with the tool that made the plan'");
            }
        }
        self.fail(&called(number, step));
    }

    fn fail(&mut self, called: &str) {
        self.out.close("}");
        self.out.open("catch {");
        self.out.line(format!("throw ({} + $_.Exception.Message)", quoted(&format!("{called}: "))));
        self.out.close("}");
    }

    fn command(&mut self, number: usize, step: &Step, name: &str, arguments: &[PowerShellArgument]) {
        self.need(name);
        let (verb, noun) = name.split_once('-').unwrap_or((name, ""));
        match (&step.change, verb) {
            (Change::FillGroup(cmdlet), _) => {
                let members: Vec<&str> = cmdlet.members().iter().map(Identity::as_str).collect();
                self.fill(number, step, arguments, &members);
            }
            (Change::CustomizeOrganization(_), _) => self.customize(number, step, arguments),
            (_, "New") => self.create(number, step, noun, arguments),
            _ if value(arguments, "Identity").is_some() => self.alter(number, step, verb, noun, arguments),
            _ => {
                self.guarded(step, &quoted(name), arguments, None);
                self.row(number, &step.sentence(), "'not read back'");
            }
        }
    }

    /// The change itself, behind its switch and a question.
    fn guarded(&mut self, step: &Step, target: &str, arguments: &[PowerShellArgument], identity: Option<&str>) {
        self.open_change(step, target);
        self.splat(step, arguments, identity);
        self.out.close("}");
    }

    fn open_change(&mut self, step: &Step, target: &str) {
        if let Some(switch) = switch(&step.change) {
            self.out.open(format!("if (-not ${switch} -and -not $WhatIfPreference) {{"));
            self.out.line(format!("throw 'not done, because it cannot simply be undone: run again with -{switch}'"));
            self.out.close("}");
        }
        self.out.open(format!("if ($PSCmdlet.ShouldProcess({target}, {})) {{", quoted(&printable(&step.sentence()))));
    }

    fn splat(&mut self, step: &Step, arguments: &[PowerShellArgument], identity: Option<&str>) {
        let entries = arguments.iter().map(|argument| {
            let value = match (&*argument.parameter, identity) {
                ("Identity", Some(found)) => found.to_owned(),
                // A scope is named by its id: an address is taken by some of the cmdlets alone.
                (name, _) if SCOPES.contains(&name) => "[string] $group[0].Guid".to_owned(),
                _ => argument.value.clone(),
            };
            (&*argument.parameter, value)
        });
        self.out.table("arguments", entries);
        let name = step.change.cmdlet().unwrap_or_default();
        self.out.line(format!("{name} @arguments -ErrorAction Stop | Out-Null"));
    }

    /// Creates what is not there yet.
    fn create(&mut self, number: usize, step: &Step, noun: &str, arguments: &[PowerShellArgument]) {
        let key = ["PrimarySmtpAddress", "ObjectId", "Name", "AppId", "Identity"]
            .into_iter()
            .find_map(|name| value(arguments, name))
            .unwrap_or("''")
            .to_owned();
        // A scope that is not there, or is there twice, is not a scope to name.
        self.scope(number, step, arguments);
        let look_up = match (noun, value(arguments, "AppId"), value(arguments, "AccessRight")) {
            ("ApplicationAccessPolicy", Some(application), Some(right)) => {
                self.need("Get-ApplicationAccessPolicy");
                let name = "$policies".to_owned();
                // GUESS: the identity of a policy ends with an id of its scope's object; wrong if a tenant shows a policy
                // over a group with another text there, and then a second run would make a second policy.
                let find = format!(
                    "@(Get-ApplicationAccessPolicy -ErrorAction SilentlyContinue | Where-Object {{ \
                     [string] $_.AppId -eq {application} -and [string] $_.AccessRight -eq {right} }})"
                );
                self.out.line(format!("{name} = {find}"));
                "@($policies | Where-Object { $group.Count -eq 1 -and (\
                 ([string] $_.Identity).EndsWith((Get-Text -Candidate $group[0] -Name 'Guid')) -or \
                 ([string] $_.Identity).EndsWith((Get-Text -Candidate $group[0] -Name 'ExternalDirectoryObjectId'))) })"
                    .to_owned()
            }
            _ => self.look_up(noun, &key),
        };
        self.out.line(format!("$found = {look_up}"));
        self.out.open("if ($found.Count -gt 1) {");
        self.out.line("throw 'more than one object has this name'");
        self.out.close("}");
        self.out.open("elseif ($found.Count -eq 1) {");
        self.compare(noun, arguments);
        self.out.line("Write-Output 'already so'");
        self.out.close("}");
        self.out.open("else {");
        self.open_change(step, &key);
        self.splat(step, arguments, None);
        if noun == "DistributionGroup" {
            self.wait_for_group(&look_up);
        }
        self.out.close("}");
        self.out.close("}");
        let found = if noun == "ApplicationAccessPolicy" {
            self.read_back.line("$found = @(Get-ApplicationAccessPolicy -ErrorAction SilentlyContinue)");
            let application = value(arguments, "AppId").unwrap_or("''");
            format!("@($found | Where-Object {{ [string] $_.AppId -eq {application} }}).Count")
        } else {
            format!("{look_up}.Count")
        };
        self.row(number, &format!("there: {}", step.sentence()), &found);
    }

    /// The group that a change names as a scope, which must be there exactly once.
    fn scope(&mut self, number: usize, step: &Step, arguments: &[PowerShellArgument]) {
        let Some(scope) = SCOPES.iter().find_map(|name| value(arguments, name)) else { return };
        let group = self.look_up("Recipient", scope);
        self.out.line(format!("$group = {group}"));
        self.out.open("if ($group.Count -ne 1 -and -not $WhatIfPreference) {");
        self.out.line("throw 'exactly one group must be the scope'");
        self.out.close("}");
        self.out.open("if ($group.Count -ne 1) {");
        self.out.line(format!(
            "Write-Warning {}",
            quoted(&format!(
                "{}: the group is made by an earlier step, so this is no preview of it.",
                called(number, step)
            ))
        ));
        self.out.close("}");
    }

    /// What has the name already must be what the step makes.
    fn compare(&mut self, noun: &str, arguments: &[PowerShellArgument]) {
        let same: &[(&str, &str)] = match noun {
            "ManagementRoleAssignment" => &[("Role", "Role")],
            "ServicePrincipal" => &[("AppId", "AppId"), ("ObjectId", "ObjectId")],
            "ManagementScope" => &[("RecipientFilter", "RecipientRestrictionFilter")],
            _ => &[],
        };
        let differs = |out: &mut Lines, condition: String| {
            out.open(format!("if ({condition}) {{"));
            out.line("throw 'something else has this name: plan again'");
            out.close("}");
        };
        if noun == "DistributionGroup" {
            let kind = "(Get-Text -Candidate $found[0] -Name 'RecipientTypeDetails') -ne 'MailUniversalSecurityGroup'";
            differs(&mut self.out, kind.to_owned());
        }
        for (property, parameter) in same {
            if let Some(value) = value(arguments, parameter) {
                let found = format!("(Get-Text -Candidate $found[0] -Name '{property}') -ne {value}");
                differs(&mut self.out, found);
            }
        }
        if noun == "ManagementRoleAssignment" {
            differs(&mut self.out, "(Get-Text -Candidate $found[0] -Name 'Enabled') -ne 'True'".to_owned());
            if value(arguments, "RecipientGroupScope").is_some() {
                self.out.line("$names = @('Name', 'Guid', 'ExternalDirectoryObjectId', 'DistinguishedName', 'Identity', 'DisplayName')");
                self.out.line(
                    "$texts = @($names | ForEach-Object { if ($group.Count -eq 1) { Get-Text -Candidate $group[0] -Name $_ } })",
                );
                let scope = "$texts -notcontains (Get-Text -Candidate $found[0] -Name 'CustomResourceScope')";
                differs(&mut self.out, scope.to_owned());
            }
        }
    }

    /// A new group takes a while to be seen.
    fn wait_for_group(&mut self, look_up: &str) {
        self.out.open("for ($attempt = 1; $attempt -le 20; $attempt++) {");
        self.out.line(format!("$found = {look_up}"));
        self.out.open("if ($found.Count -eq 1) {");
        self.out.line("break");
        self.out.close("}");
        self.out.line("Start-Sleep -Seconds 15");
        self.out.close("}");
        self.out.open("if ($found.Count -ne 1) {");
        self.out.line("throw 'the new group is not seen yet: run again in some minutes'");
        self.out.close("}");
    }

    /// Changes or removes what is there exactly once.
    fn alter(&mut self, number: usize, step: &Step, verb: &str, noun: &str, arguments: &[PowerShellArgument]) {
        let identity = value(arguments, "Identity").unwrap_or("''").to_owned();
        let look_up = self.look_up(noun, &identity);
        // The name of a group may be the alias of another; its GUID is not.
        let found = if noun == "DistributionGroup" { "[string] $found[0].Guid" } else { "[string] $found[0].Identity" };
        let removes = verb == "Remove";
        self.out.line(format!("$found = {look_up}"));
        if removes {
            self.out.open("if ($found.Count -eq 0) {");
            self.out.line("Write-Output 'already so'");
            self.out.close("}");
            self.out.open("elseif ($found.Count -ne 1) {");
        } else {
            self.out.open("if ($found.Count -eq 0 -and $WhatIfPreference) {");
            self.out.line(format!(
                "Write-Warning {}",
                quoted(&format!(
                    "{}: cannot be previewed, because it needs what an earlier step makes.",
                    called(number, step)
                ))
            ));
            self.out.close("}");
            self.out.open("elseif ($found.Count -ne 1) {");
        }
        self.out.line("throw 'exactly one object must have this identity'");
        self.out.close("}");
        self.out.open("else {");
        if verb == "Set" {
            self.scope(number, step, arguments);
            let entries = arguments.iter().map(|argument| match &*argument.parameter {
                // Under -WhatIf the group may not be there.
                name if SCOPES.contains(&name) => {
                    (name, "if ($group.Count -eq 1) { [string] $group[0].Guid } else { '' }".to_owned())
                }
                name => (name, argument.value.clone()),
            });
            self.out.table("wanted", entries);
            self.out.open("if (Test-Same -Candidate $found[0] -Arguments $wanted) {");
            self.out.line("Write-Output 'already so'");
            self.out.close("}");
            self.out.open("else {");
            self.change_wanted(step, &identity, found);
            self.out.close("}");
        } else {
            self.guarded(step, &identity, arguments, Some(found));
        }
        self.out.close("}");
        let wanted = if removes { "gone" } else { "there" };
        self.row(number, &format!("{wanted}: {}", step.sentence()), &format!("{look_up}.Count"));
    }

    /// The table of a Set- command is written once, for the comparison and for the command.
    fn change_wanted(&mut self, step: &Step, identity: &str, found: &str) {
        self.out.open(format!("if ($PSCmdlet.ShouldProcess({identity}, {})) {{", quoted(&printable(&step.sentence()))));
        self.out.line(format!("$wanted['Identity'] = {found}"));
        let name = step.change.cmdlet().unwrap_or_default();
        self.out.line(format!("{name} @wanted -ErrorAction Stop | Out-Null"));
        self.out.close("}");
    }

    /// Once, and for ever.
    fn customize(&mut self, number: usize, step: &Step, arguments: &[PowerShellArgument]) {
        self.need("Get-OrganizationConfig");
        self.out.open("if (-not (Get-OrganizationConfig -ErrorAction Stop).IsDehydrated) {");
        self.out.line("Write-Output 'already so'");
        self.out.close("}");
        self.out.open("else {");
        self.open_change(step, "$expectedTenant");
        self.splat(step, arguments, None);
        self.out.line("# The organisation takes about an hour.");
        self.out.open("for ($attempt = 1; $attempt -le 90; $attempt++) {");
        self.out.open("if (-not (Get-OrganizationConfig -ErrorAction Stop).IsDehydrated) {");
        self.out.line("break");
        self.out.close("}");
        self.out.line("Start-Sleep -Seconds 60");
        self.out.close("}");
        self.out
            .line("Write-Warning 'If a later step says that the organisation is dehydrated, run again in an hour.'");
        self.out.close("}");
        self.out.close("}");
        self.row(number, &step.sentence(), "(-not (Get-OrganizationConfig -ErrorAction Stop).IsDehydrated)");
    }

    /// The look-up of a group whose members are changed, and of these members.
    fn open_members(&mut self, called: &str, noun: &str, identity: &str) {
        let group = self.look_up(noun, identity);
        let members = self.list_members(noun, identity);
        self.out.line(format!("$group = {group}"));
        self.out.open("if ($group.Count -eq 0 -and $WhatIfPreference) {");
        self.out.line(format!(
            "Write-Warning {}",
            quoted(&format!("{called}: cannot be previewed, because an earlier step makes the group."))
        ));
        self.out.close("}");
        self.out.open("elseif ($group.Count -ne 1) {");
        self.out.line("throw 'exactly one group must have this identity'");
        self.out.close("}");
        self.out.open("else {");
        self.out.line(format!("$present = {members}"));
        self.out.line("$ids = Get-IdTable -Candidate $present");
    }

    fn list_members(&mut self, noun: &str, identity: &str) -> String {
        self.need(&format!("Get-{noun}Member"));
        format!("@(Get-{noun}Member -Identity {identity} -ResultSize Unlimited -ErrorAction Stop)")
    }

    /// Members that are added or removed one by one.
    fn members(&mut self, steps: &[(usize, &Step)]) {
        let (Some((first, step)), Some((last, _))) = (steps.first(), steps.last()) else { return };
        let name = step.change.cmdlet().unwrap_or_default();
        self.need(name);
        let (verb, noun) = name.split_once('-').unwrap_or_default();
        let noun = noun.trim_end_matches("Member");
        let arguments = arguments(&step.change).unwrap_or_default();
        let identity = value(&arguments, "Identity").unwrap_or("''").to_owned();
        let called =
            if first == last { called(*first, step) } else { format!("Steps {first} to {last} ({})", step.stage()) };
        let entries = format!("members{first}");
        self.out.line("");
        self.out.open(format!("${entries} = @("));
        for (number, step) in steps {
            self.out.line(comment(*number, step));
            let arguments = self::arguments(&step.change).unwrap_or_default();
            self.out.line(value(&arguments, "Member").unwrap_or("''"));
        }
        self.out.close(")");
        self.out.open("try {");
        self.open_members(&called, noun, &identity);
        self.out.open(format!("foreach ($member in ${entries}) {{"));
        self.out.line("$count = [int] $ids[$member]");
        let (is_so, action) = if verb == "Add" {
            ("$count -gt 0", "Add as a member of")
        } else {
            ("$count -eq 0", "Remove as a member of")
        };
        self.out.open(format!("if ({is_so}) {{"));
        self.out.line("Write-Output ('already so: ' + $member)");
        self.out.close("}");
        if verb != "Add" {
            self.out.open("elseif ($count -ne 1) {");
            self.out.line("throw ('more than one member has this id: ' + $member)");
            self.out.close("}");
        }
        let group = self.header.group.as_ref().map_or_else(|| "the group".to_owned(), ToString::to_string);
        let action = quoted(&format!("{action} {}", printable(&group)));
        self.out.open(format!("elseif ($PSCmdlet.ShouldProcess($member, {action})) {{"));
        let table = arguments.iter().map(|argument| match &*argument.parameter {
            "Member" => ("Member", "$member".to_owned()),
            name => (name, argument.value.clone()),
        });
        self.out.table("arguments", table);
        self.out.line(format!("{name} @arguments -ErrorAction Stop | Out-Null"));
        self.out.close("}");
        self.out.close("}");
        self.out.close("}");
        self.fail(&called);
        let members = self.list_members(noun, &identity);
        self.read_back.line(format!("$ids = Get-IdTable -Candidate {members}"));
        let wanted = if verb == "Add" { "members" } else { "no members" };
        let count = if verb == "Add" { steps.len() } else { 0 };
        self.row(
            *first,
            &format!("{wanted}: {count} of {}", steps.len()),
            &format!("@(${entries} | Where-Object {{ $ids.ContainsKey($_) }}).Count"),
        );
    }

    /// The whole list of a group that has no other members.
    fn fill(&mut self, number: usize, step: &Step, arguments: &[PowerShellArgument], members: &[&str]) {
        let identity = value(arguments, "Identity").unwrap_or("''").to_owned();
        let entries = format!("members{number}");
        self.out.open(format!("${entries} = @("));
        for member in members {
            let address = self.header.addresses.get(&member.to_ascii_lowercase()).map(|it| shown(it));
            let address = address.map(|address| format!(" # {address}")).unwrap_or_default();
            self.out.line(format!("{}{address}", quoted(member)));
        }
        self.out.close(")");
        let count = members.len();
        self.out.open(format!("if (${entries}.Count -ne {count}) {{"));
        self.out.line(format!("throw 'the plan has {count} members here'"));
        self.out.close("}");
        self.open_members(&called(number, step), "DistributionGroup", &identity);
        self.out.lines(
            "# The command replaces every member, so only a group that has no others may be filled.\n\
             $wanted = @{}",
        );
        self.out.open(format!("foreach ($member in ${entries}) {{"));
        self.out.line("$wanted[$member] = $true");
        self.out.close("}");
        self.out.lines(
            "$others = @($present | Where-Object {
    -not ($wanted.ContainsKey((Get-Text -Candidate $_ -Name 'ExternalDirectoryObjectId')) -or
        $wanted.ContainsKey((Get-Text -Candidate $_ -Name 'Guid')) -or
        $wanted.ContainsKey((Get-Text -Candidate $_ -Name 'PrimarySmtpAddress')))
})",
        );
        self.out.open("if ($others.Count -gt 0) {");
        self.out.line("throw 'the group has members that the plan did not see: plan again'");
        self.out.close("}");
        self.out.open(format!("if ($present.Count -eq {count}) {{"));
        self.out.line("Write-Output 'already so'");
        self.out.close("}");
        let sentence = quoted(&printable(&step.sentence()));
        self.out.open(format!("elseif ($PSCmdlet.ShouldProcess({identity}, {sentence})) {{"));
        let is_long = count > AT_ONCE;
        let list =
            if is_long { format!("@(${entries} | Select-Object -First {AT_ONCE})") } else { format!("${entries}") };
        let table = arguments.iter().map(|argument| match &*argument.parameter {
            "Members" => ("Members", list.clone()),
            name => (name, argument.value.clone()),
        });
        self.out.table("arguments", table);
        if is_long {
            // A call is cut off after 15 minutes; an interrupted run goes on where it stopped.
            self.out.open("if ($present.Count -eq 0) {");
        }
        self.out.line("Update-DistributionGroupMember @arguments -ErrorAction Stop | Out-Null");
        if is_long {
            self.need("Add-DistributionGroupMember");
            self.out.close("}");
            let members = self.list_members("DistributionGroup", &identity);
            self.out.line(format!("$ids = Get-IdTable -Candidate {members}"));
            self.out.open(format!("foreach ($member in ${entries}) {{"));
            self.out.open("if (-not $ids.ContainsKey($member)) {");
            let table = arguments.iter().map(|argument| match &*argument.parameter {
                "Members" => ("Member", "$member".to_owned()),
                name => (name, argument.value.clone()),
            });
            self.out.table("single", table);
            self.out.line("Add-DistributionGroupMember @single -ErrorAction Stop | Out-Null");
            self.out.close("}");
            self.out.close("}");
        }
        self.out.close("}");
        self.out.close("}");
        let present = self.list_members("DistributionGroup", &identity);
        self.read_back.line(format!("$ids = Get-IdTable -Candidate {present}"));
        self.row(
            number,
            &format!("members: {count} of {count}"),
            &format!("@(${entries} | Where-Object {{ $ids.ContainsKey($_) }}).Count"),
        );
    }

    /// What Exchange's own test says about some mailboxes. It answers from the configuration.
    fn tests(&mut self) {
        let Some(restriction) = self.header.restriction else { return };
        let cmdlet = match restriction {
            Restriction::Rbac => "Test-ServicePrincipalAuthorization",
            Restriction::Policy => "Test-ApplicationAccessPolicy",
        };
        let application = quoted(&self.header.application.to_string());
        let header = self.header;
        for (mailboxes, wanted) in [(&header.reached, "reached"), (&header.must_not_reach, "not reached")] {
            for mailbox in mailboxes {
                self.need(cmdlet);
                let address = header.addresses.get(&mailbox.to_ascii_lowercase()).unwrap_or(mailbox);
                let mailbox = quoted(mailbox);
                let test = match restriction {
                    Restriction::Rbac => format!(
                        "@({cmdlet} -Identity {application} -Resource {mailbox} -ErrorAction SilentlyContinue | \
                         ForEach-Object {{ Get-Text -Candidate $_ -Name 'InScope' }}) -join ', '"
                    ),
                    Restriction::Policy => format!(
                        "@({cmdlet} -Identity {mailbox} -AppId {application} -ErrorAction SilentlyContinue | \
                         ForEach-Object {{ Get-Text -Candidate $_ -Name 'AccessCheckResult' }}) -join ', '"
                    ),
                };
                self.read_back.line(format!("$found = {test}"));
                let wanted = quoted(&printable(&format!("{wanted}: {address}")));
                self.read_back.line(format!(
                    "$results += [pscustomobject]@{{ Step = 'Test'; Wanted = {wanted}; Found = $found }}"
                ));
            }
        }
    }
}
