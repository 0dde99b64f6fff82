//! The script for a session of the Microsoft Graph module: the revocation of tenant-wide permissions.

use graph_client::well_known;

use super::header::{Gates, ScriptHeader, about};
use super::text::{Lines, called, comment, quoted, shown};
use crate::access::Resource;
use crate::change::{Change, RevokePermission, Step};

pub(super) fn script(header: &ScriptHeader, steps: &[(usize, &Step)], exchange_steps: &[usize]) -> String {
    let mut out = Lines::default();
    let mut gates = Gates::new("Exchange", exchange_steps);
    let gate = gates.are_needed(steps).then(|| gates.parameter());
    out.line("<#");
    out.line(".SYNOPSIS");
    out.line(format!("{}: the part in Microsoft Graph.", shown(&header.title)));
    out.line("");
    out.line(".DESCRIPTION");
    about(&mut out, header);
    if let Some(gate) = &gate {
        out.lines(
            "Run it after the script for Exchange, and after the restriction is proven: until the role acts, the\n\
             application may read nothing once its tenant-wide permission is revoked.",
        );
        out.line(format!("-{gate} says how far the other script has come; this one does not go past it."));
    } else {
        out.line("Run it before the script for Exchange.");
    }
    out.lines(
        "Run it in a session of its own: the modules of Graph and Exchange clash.\n\
         Run it with -WhatIf first. A revocation stands behind -AllowRevocation, and asks for confirmation;\n\
         -Confirm:$false answers for all. It can be run again: what is already revoked is left alone.\n\
         What an access token holds lives on until the token expires.",
    );
    out.line("#>");
    out.line("#Requires -Version 5.1");
    out.line("#Requires -Modules Microsoft.Graph.Authentication, Microsoft.Graph.Applications");
    out.line("#Requires -Modules Microsoft.Graph.Identity.DirectoryManagement");
    out.line("");
    out.line("[CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'High')]");
    out.open("param(");
    out.line(format!("[string] $TenantId = {},", quoted(&header.origin.tenant)));
    out.line("[ValidateSet('Global', 'China', 'USGov', 'USGovDoD')]");
    out.line("[string] $Environment = 'Global',");
    if let Some(gate) = &gate {
        out.line(format!("[int] ${gate} = 0,"));
    }
    out.line("[switch] $AllowRevocation");
    out.close(")");
    out.line("");
    out.line("Set-StrictMode -Version Latest");
    out.line("$ErrorActionPreference = 'Stop'");
    out.line(format!("$expectedTenant = {}", quoted(&header.origin.tenant)));
    out.line("$results = @()");
    out.line("");
    out.table(
        "connection",
        [
            ("TenantId", "$TenantId".to_owned()),
            ("Environment", "$Environment".to_owned()),
            (
                "Scopes",
                "@('AppRoleAssignment.ReadWrite.All', 'Application.Read.All', 'Organization.Read.All')".to_owned(),
            ),
            ("NoWelcome", "$true".to_owned()),
        ],
    );
    out.line("Connect-MgGraph @connection -ErrorAction Stop");
    out.open("try {");
    out.lines(
        "# The right tenant?\n\
         $domains = @(Get-MgOrganization -ErrorAction Stop).VerifiedDomains\n\
         $initial = @($domains | Where-Object { $_.IsInitial })",
    );
    out.open("if ($initial.Count -ne 1 -or $initial[0].Name -ne $expectedTenant) {");
    out.line("throw ('This session is in another tenant than ' + $expectedTenant + ': nothing was changed.')");
    out.close("}");
    for (number, step) in steps {
        gates.before(*number, &mut out);
        out.line("");
        out.line(comment(*number, step));
        out.open("try {");
        match &step.change {
            Change::RevokePermission(revoke) => revocation(&mut out, *number, step, revoke),
            change => call(&mut out, *number, step, &change.command()),
        }
        out.close("}");
        out.open("catch {");
        out.line(format!("throw ({} + $_.Exception.Message)", quoted(&format!("{}: ", called(*number, step)))));
        out.close("}");
    }
    out.line("");
    out.line("# What is there now.");
    out.line("$results | Format-Table -AutoSize -Wrap");
    out.line("Write-Output 'Wait until the tokens of before have expired, then prove the restriction.'");
    out.close("}");
    out.open("finally {");
    out.line("Disconnect-MgGraph -ErrorAction SilentlyContinue | Out-Null");
    out.close("}");
    out.finish()
}

/// A call that names everything by id: its command, once it is agreed to.
fn call(out: &mut Lines, number: usize, step: &Step, command: &str) {
    let sentence = quoted(&step.sentence());
    out.line("$state = 'not done'");
    out.open(format!("if ($PSCmdlet.ShouldProcess('Microsoft Entra ID', {sentence})) {{"));
    out.line(format!("{command} -ErrorAction Stop | Out-Null"));
    out.line("$state = 'done'");
    out.close("}");
    out.line(format!(
        "$results += [pscustomobject]@{{ Step = {number}; Wanted = {sentence}; State = $state; StillThere = 0 }}"
    ));
}

/// By ids from a fresh read, with the permission and its resource checked.
fn revocation(out: &mut Lines, number: usize, step: &Step, revoke: &RevokePermission) {
    let principal = quoted(&revoke.service_principal.to_string());
    let assignment = quoted(&revoke.assignment.to_string());
    out.line(format!("$principal = Get-MgServicePrincipal -ServicePrincipalId {principal} -ErrorAction Stop"));
    out.open(format!("if ($principal.AppId -ne {}) {{", quoted(&revoke.application.to_string())));
    out.line("throw 'the service principal is that of another application'");
    out.close("}");
    out.line(format!(
        "$all = @(Get-MgServicePrincipalAppRoleAssignment -ServicePrincipalId {principal} -All -ErrorAction Stop)"
    ));
    out.line(format!("$found = @($all | Where-Object {{ $_.Id -ceq {assignment} }})"));
    out.line("$state = 'already so'");
    out.open("if ($found.Count -gt 1) {");
    out.line("throw 'more than one assignment has this id'");
    out.close("}");
    out.open("if ($found.Count -eq 1) {");
    out.line("$resource = Get-MgServicePrincipal -ServicePrincipalId $found[0].ResourceId -ErrorAction Stop");
    out.open(format!("if ($resource.AppId -ne {}) {{", quoted(&resource_id(&revoke.resource))));
    out.line("throw 'the assignment is for another resource'");
    out.close("}");
    out.line("$role = @($resource.AppRoles | Where-Object { $_.Id -eq $found[0].AppRoleId })");
    let permission = quoted(&revoke.permission);
    out.open(format!(
        "if ($role.Count -ne 1 -or ($role[0].Value -ne {permission} -and $role[0].Id -ne {permission})) {{"
    ));
    out.line("throw 'the assignment is of another permission'");
    out.close("}");
    out.line("$state = 'not done'");
    out.open("if (-not $AllowRevocation -and -not $WhatIfPreference) {");
    out.line("throw 'not done, because it stops access at once: run again with -AllowRevocation'");
    out.close("}");
    let target = quoted(&format!("application {}", revoke.application));
    out.open(format!("if ($PSCmdlet.ShouldProcess({target}, {})) {{", quoted(&step.sentence())));
    out.table(
        "arguments",
        [("ServicePrincipalId", principal.clone()), ("AppRoleAssignmentId", "$found[0].Id".to_owned())],
    );
    out.line("Remove-MgServicePrincipalAppRoleAssignment @arguments -ErrorAction Stop");
    out.line("$state = 'done'");
    out.close("}");
    out.close("}");
    // Read back.
    out.line(format!(
        "$left = @(Get-MgServicePrincipalAppRoleAssignment -ServicePrincipalId {principal} -All -ErrorAction Stop | \
         Where-Object {{ $_.Id -ceq {assignment} }})"
    ));
    out.line(format!(
        "$results += [pscustomobject]@{{ Step = {number}; Wanted = {}; State = $state; StillThere = $left.Count }}",
        quoted(&step.sentence())
    ));
}

/// The application id of a resource that a step names as people do.
fn resource_id(name: &str) -> String {
    if name == Resource::Graph.to_string() {
        well_known::MICROSOFT_GRAPH.to_string()
    } else if name == Resource::Exchange.to_string() {
        well_known::EXCHANGE_ONLINE.to_string()
    } else {
        // Others are called by their application id.
        name.rsplit(' ').next().unwrap_or(name).to_owned()
    }
}
