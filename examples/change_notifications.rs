//! Receives Graph's notifications of what changes in a room's calendar, on a port of this machine.
//!
//! In a real tenant Graph must reach the port: `NOTIFICATION_URL` is the public https address that leads to
//! `http://localhost:8888`, and the program runs until Ctrl+C. Without `TENANT_ID` it works in a tenant in memory, where
//! it books the room itself and ends after the notification has come. The application needs `Calendars.Read` (in memory
//! also `Calendars.ReadWrite`).
#![expect(clippy::print_stderr, reason = "a program prints")]

mod common;

use std::io::{Write, stdout};
use std::time::{Duration, SystemTime};

use anyhow::Context;
use exchange_groups::graph_client::graph::{
    DateTimeTimeZone, NewEvent, NewSubscription, NotificationEvent, Notifications,
};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use self::common::Tenant;

/// A program of one's own takes this from a random source and keeps it: it is a password.
const CLIENT_STATE: &str = "only Graph and I know this";

const HOUR: Duration = Duration::from_secs(60 * 60);

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let room = std::env::args().nth(1).unwrap_or_else(|| "boardroom@contoso.com".to_owned());
    run(&common::tenant().await?, &room, &mut stdout()).await
}

async fn run(tenant: &Tenant, room: &str, out: &mut impl Write) -> anyhow::Result<()> {
    let port = if tenant.in_memory.is_some() { 0 } else { 8888 };
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let url = match &tenant.in_memory {
        Some(_) => format!("http://{}/notifications", listener.local_addr()?),
        None => std::env::var("NOTIFICATION_URL").context("NOTIFICATION_URL is the https address that leads here")?,
    };
    let (sender, mut arrived) = mpsc::channel(16);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let sender = sender.clone();
            tokio::spawn(async move {
                if let Err(error) = answer(stream, sender).await {
                    eprintln!("a request was not read: {error}");
                }
            });
        }
    });

    let subscriptions = tenant.client.subscriptions();
    let expires = SystemTime::now() + 24 * HOUR;
    // Graph asks the address for its token before it answers this.
    let wanted = NewSubscription::events_of(room, url, CLIENT_STATE, expires);
    let subscription = subscriptions.create(&wanted).await?;
    writeln!(out, "subscribed to {}", subscription.resource.as_deref().unwrap_or_default())?;
    if tenant.in_memory.is_some() {
        let time = |hours| DateTimeTimeZone::utc(SystemTime::now() + hours * HOUR);
        tenant.client.calendar(room).create_event(&NewEvent::new("Quarterly review", time(2), time(3))).await?;
    }
    loop {
        tokio::select! {
            Some(event) = arrived.recv() => writeln!(out, "{event:?}")?,
            _ = tokio::signal::ctrl_c() => break,
        }
        if tenant.in_memory.is_some() {
            break;
        }
    }
    subscriptions.delete(&subscription.id).await?;
    writeln!(out, "the subscription has ended")?;
    Ok(())
}

/// One request of Graph. Any web framework does this better; what Graph needs is between the lines.
async fn answer(stream: TcpStream, arrived: mpsc::Sender<NotificationEvent>) -> anyhow::Result<()> {
    let mut stream = BufReader::new(stream);
    let (mut first, mut length) = (String::new(), 0);
    stream.read_line(&mut first).await?;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 || line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse::<usize>()?.min(4 * 1024 * 1024);
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;

    let query = first.split_whitespace().nth(1).and_then(|path| path.split_once('?')).map_or("", |(_, query)| query);
    if let Some(token) = Notifications::validation_token(query) {
        return reply(stream, "200 OK", &token).await;
    }
    let Ok(batch) = Notifications::new(CLIENT_STATE).read(&body) else {
        return reply(stream, "400 Bad Request", "").await;
    };
    // First the answer, which Graph waits for a few seconds only; then the work.
    reply(stream, "202 Accepted", "").await?;
    for notification in batch.accepted {
        arrived.send(notification.event()).await?;
    }
    Ok(())
}

async fn reply(mut stream: BufReader<TcpStream>, status: &str, body: &str) -> anyhow::Result<()> {
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/plain\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await?;
    Ok(stream.shutdown().await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_booking_is_told_and_the_subscription_ends() {
        let tenant = common::in_memory().await.unwrap();
        let mut out = Vec::new();
        run(&tenant, "boardroom@contoso.com", &mut out).await.unwrap();
        let text = String::from_utf8(out).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "subscribed to users/boardroom@contoso.com/events");
        assert!(lines[1].starts_with("Changed { how: Some(Created), id: Some("), "{text}");
        assert_eq!(lines[2], "the subscription has ended");
        assert!(tenant.client.subscriptions().list().await.unwrap().items.is_empty());
    }
}
