//! Every advice that a scenario meets: who, what, with which command, and in which words.

use exchange_groups::{Actor, Change, Finding, FindingKind, RestrictedCalendarGroup, Severity};

/// Words that this project replaces, and slips of English.
const NOT_SAID: &[&str] = &[
    "give ",
    "gives ",
    "given ",
    "whom",
    "merely",
    "mend",
    "take away",
    "taken away",
    "takes away",
    "known to exchange",
    "knows the application",
    "the only members",
    "switch ",
    "proven",
    "refuted",
    "put off",
    "lets in",
    "takes effect",
    "taken effect",
    "in effect yet",
    "effect yet",
    "policy acts",
    "restriction acts",
    "settle",
    " pause",
    " answer",
    "could not tell",
    "could not be told",
    "looked at",
    "take it off",
    "out of that",
    "allowance",
    "patience",
    "idle ",
    "once copied",
    "in a hundred",
    "calls off",
    "kept on premises",
    "is open",
    "is closed",
    "closed to",
    "opens every",
    " an user",
    " an uni",
    " a equip",
    " a entra",
    " an room",
    "restricts restrict",
    "to be known",
    "role for nobody",
    "  ",
    "..",
    " 1 steps",
    " 1 mailboxes",
    " 1 members",
    " 1 rooms",
    " 1 workspaces",
    "1 mailbox are",
    "1 member are",
    "1 step are",
    "(es)",
    "(s)",
    "<mailbox>",
];

pub(super) fn assert_readable(finding: &Finding, spec: &RestrictedCalendarGroup) {
    let Finding { message, advice, severity, kind, .. } = finding;
    let said = format!(" {message}. {} {}", advice.text, advice.danger.as_deref().unwrap_or_default());
    let lower = said.to_lowercase();
    for not_said in NOT_SAID {
        assert!(!lower.contains(not_said), "\"{not_said}\": {said}");
    }
    assert!(
        message.starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit() || c == '"')
            || starts_with_a_name(message),
        "{message}"
    );
    assert!(!message.ends_with('.') || message.ends_with("..."), "a message has no full stop: {message}");
    assert!(advice.text.ends_with('.'), "an advice is a sentence: {}", advice.text);
    assert!(advice.text.starts_with(char::is_uppercase), "{}", advice.text);
    if let Some(danger) = &advice.danger {
        assert!(danger.ends_with('.') && danger.starts_with(char::is_uppercase), "{danger}");
    }
    // Advice that only the text of an error may take over is never longer than a reader takes in.
    assert!(advice.text.len() < 480, "too long: {}", advice.text);

    let is_of_exchange = |change: &Change| change.cmdlet().is_some();
    match advice.actor {
        Actor::ExchangeAdministrator => assert!(advice.changes.iter().all(is_of_exchange), "{finding}"),
        Actor::EntraAdministrator => assert!(!advice.changes.iter().any(is_of_exchange), "{finding}"),
        _ => assert!(advice.commands().next().is_none(), "{:?} runs no command: {finding}", advice.actor),
    }
    if let Some(command) = &advice.command {
        assert_eq!(command.contains("-Mg"), advice.actor == Actor::EntraAdministrator, "{finding}");
    }
    let is_dangerous = |change: &Change| {
        matches!(change, Change::RevokePermission(_))
            || (matches!(change, Change::RemovePolicy(_)) && *kind != FindingKind::PolicyWithWrongId)
    };
    if advice.changes.iter().any(is_dangerous) {
        assert!(advice.danger.is_some(), "no word about the moment: {finding}");
    }
    if *severity == Severity::Blocking {
        assert_ne!(advice.actor, Actor::Nobody, "a blocking issue needs somebody: {finding}");
    }
    // Rights are never to go to the restricted application.
    if advice.text.contains("Exchange Administrator") && advice.text.contains("Assign") {
        assert!(advice.text.contains("administering application"), "{finding}");
        assert!(!advice.text.contains(&spec.application().to_string()), "{finding}");
    }
}

/// A sentence may begin with an address or the name of an object.
fn starts_with_a_name(message: &str) -> bool {
    let first = message.split(' ').next().unwrap_or_default();
    first.contains('@') || first.contains('\\')
}
