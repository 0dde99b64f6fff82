use super::world::*;
use crate::access::filter::Filter;
use crate::access::*;

fn holds(filter: &str, mailbox: &MailboxFacts) -> Truth {
    let member_of = |name: &str| match name {
        "CN=G" => Truth::Yes,
        "CN=H" => Truth::No,
        _ => Truth::Unknown,
    };
    Filter::parse(filter).holds(mailbox, &member_of)
}

fn room() -> MailboxFacts {
    let mut room = mailbox("r1");
    room.addresses = Fact::Read(vec!["SMTP:r1@contoso.com".into(), "smtp:board.room@contoso.com".into()]);
    room.properties = [
        ("CustomAttribute1".to_owned(), vec!["PLACEOS".to_owned()]),
        ("CustomAttribute2".to_owned(), Vec::new()),
        ("Department".to_owned(), vec!["O'Brien's".to_owned()]),
        ("ExtensionCustomAttribute1".to_owned(), vec!["a".to_owned(), "b".to_owned()]),
        ("HiddenFromAddressListsEnabled".to_owned(), vec!["True".to_owned()]),
    ]
    .into();
    room
}

#[test]
fn recipient_filters_are_evaluated_with_three_values() {
    use Truth::{No, Unknown, Yes};
    let cases = [
        ("", Yes),
        ("   ", Yes),
        ("RecipientTypeDetails -eq 'RoomMailbox'", Yes),
        ("recipienttypedetails -EQ \"roommailbox\"", Yes),
        ("RecipientTypeDetails -eq 'UserMailbox'", No),
        ("RecipientTypeDetails -ne 'UserMailbox'", Yes),
        ("CustomAttribute1 -eq 'placeos'", Yes),
        ("CustomAttribute1 -like 'PLACE*'", Yes),
        ("CustomAttribute1 -like '*OS'", Yes),
        ("CustomAttribute1 -like '*X*'", No),
        ("CustomAttribute1 -like 'P*S'", Unknown),
        ("CustomAttribute2 -eq 'PLACEOS'", No),
        ("CustomAttribute2 -eq $null", Yes),
        ("CustomAttribute1 -ne $null", Yes),
        // Not read.
        ("CustomAttribute3 -eq 'PLACEOS'", Unknown),
        ("Department -eq 'O''Brien''s'", Yes),
        ("HiddenFromAddressListsEnabled -eq $true", Yes),
        ("HiddenFromAddressListsEnabled -eq 'False'", No),
        // A filter on the primary address compares the others too.
        ("PrimarySmtpAddress -eq 'board.room@contoso.com'", Yes),
        ("PrimarySmtpAddress -eq 'ceo@contoso.com'", No),
        ("EmailAddresses -like '*@contoso.com'", Yes),
        ("EmailAddresses -eq 'smtp:R1@contoso.com'", Yes),
        // Membership.
        ("MemberOfGroup -eq 'CN=G'", Yes),
        ("((MemberOfGroup -eq 'CN=G'))", Yes),
        ("{MemberOfGroup -eq 'CN=H'}", No),
        ("MemberOfGroup -ne 'CN=G'", No),
        ("MemberOfGroup -eq 'CN=moved'", Unknown),
        ("MemberOfGroup -like 'CN=*'", Unknown),
        // Joints: an unknown part spoils what needs it and nothing else.
        ("(MemberOfGroup -eq 'CN=moved') -or (CustomAttribute1 -eq 'PLACEOS')", Yes),
        ("(MemberOfGroup -eq 'CN=moved') -and (CustomAttribute1 -eq 'other')", No),
        ("(MemberOfGroup -eq 'CN=moved') -and (CustomAttribute1 -eq 'PLACEOS')", Unknown),
        ("-not (CustomAttribute1 -eq 'PLACEOS')", No),
        ("!(CustomAttribute1 -eq 'PLACEOS')", No),
        ("-not (MemberOfGroup -eq 'CN=moved')", Unknown),
        // Yes, if `-and` binds closer; no, from left to right.
        ("CustomAttribute1 -eq 'PLACEOS' -or CustomAttribute1 -eq 'a' -and CustomAttribute1 -eq 'b'", Unknown),
        ("CustomAttribute1 -eq 'a' -and CustomAttribute1 -eq 'b' -or CustomAttribute1 -eq 'PLACEOS'", Yes),
        // A blank property, or several values of which one fits.
        ("CustomAttribute2 -ne 'PLACEOS'", Unknown),
        ("ExtensionCustomAttribute1 -eq 'b'", Yes),
        ("ExtensionCustomAttribute1 -ne 'b'", Unknown),
        // What the evaluator does not know.
        ("WhenCreated -gt '2026-01-01'", Unknown),
        ("CustomAttribute1 -gt 'A'", Unknown),
        ("CustomAttribute1 -eq $user", Unknown),
        ("CustomAttribute1 -eq 'PLACEOS", Unknown),
        ("CustomAttribute1 -eq 'PLACEOS')", Unknown),
        ("CustomAttribute1 -eq 'PLACEOS' -xor Title -eq 'x'", Unknown),
        ("(CustomAttribute1 -eq 'PLACEOS') garbage", Unknown),
        ("CustomAttribute1", Unknown),
        ("()", Unknown),
    ];
    let room = room();
    for (filter, expected) in cases {
        assert_eq!(holds(filter, &room), expected, "{filter}");
    }
}

#[test]
fn a_part_of_a_mailbox_that_was_not_read_leaves_its_filter_unknown() {
    let room = MailboxFacts { kind: Fact::default(), addresses: Fact::default(), ..room() };
    assert_eq!(holds("RecipientTypeDetails -eq 'RoomMailbox'", &room), Truth::Unknown);
    assert_eq!(holds("PrimarySmtpAddress -eq 'r1@contoso.com'", &room), Truth::Unknown);
}

#[test]
fn deep_brackets_are_not_followed() {
    let filter = format!("{}CustomAttribute1 -eq 'PLACEOS'{}", "(".repeat(100_000), ")".repeat(100_000));
    assert_eq!(holds(&filter, &room()), Truth::Unknown);
    assert_eq!(holds(&"-not ".repeat(100_000), &room()), Truth::Unknown);
}

/// A mailbox that is in no group stands for every other one, so that a filter by id may hold for it.
#[test]
fn a_filter_by_id_may_open_another_mailbox() {
    let id = ids("third").guid.unwrap();
    let facts = tenant().filtered(&format!("Guid -eq '{id}'"));
    let model = AccessModel::new(&facts);
    assert_eq!(model.reach(&mailbox("third"), Level::Events).verdict, Access::Allowed);
    assert_eq!(model.reach(&mailbox("r1"), Level::Events).verdict, Access::Denied);
    let wider = model.wider_than(&[ids("r1")], &[], Level::Events);
    assert_eq!(wider.iter().map(|path| path.is_wider).collect::<Vec<_>>(), [Truth::Unknown]);
}
