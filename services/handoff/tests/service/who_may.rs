//! Who may do what: every RPC, asked by everybody. The table is a snapshot to read; beside it every cell is held against the
//! design's rules, which `rules` writes down apart from the code.

mod rows;
mod rules;
mod stage;

use std::collections::BTreeSet;

use futures::{StreamExt, stream};
use testkit::{
    Refusal, refusal, request_id,
    who::{COLUMNS, Column, Table, rpcs},
};
use tonic::{Code, Status};

use self::stage::{Hand, Row, Stage, Subject, furnish, hidden};
use crate::world::World;

/// So many rows are asked at a time.
const AT_A_TIME: usize = 8;

/// What each column is told. Whoever is to be refused tries all at the same thing, which must not change by it.
async fn told(world: &World, row: Row) -> Vec<Result<(), Status>> {
    let allowed: BTreeSet<_> = rules::allowed(row.name).split_whitespace().collect();
    let others = Stage::of_others(world);
    let shared = (row.prepare)(&others).await;
    let mut answers = vec![];
    for column in &COLUMNS {
        let subject = if row.is_own() {
            (row.prepare)(&Stage::of(world, column)).await
        } else if allowed.contains(column.code) {
            (row.prepare)(&others).await
        } else {
            shared.clone()
        };
        answers.push((row.act)(Hand::of(world, column, row.side), subject).await);
    }
    if !shared.handoff.id.is_empty() {
        let after = world.ada.get(&shared.handoff.id).await.unwrap();
        assert_eq!(after, shared.handoff, "{}: somebody who was refused has changed it", row.name);
    }
    answers
}

async fn ask_all(world: &World, rows: Vec<Row>) -> Vec<(Row, Vec<Result<(), Status>>)> {
    stream::iter(rows).map(async |row| (row, told(world, row).await)).buffered(AT_A_TIME).collect().await
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_do_what_is_what_the_design_says() {
    let world = World::with_template().await;
    furnish(&world).await;
    let parts = [
        ("HandoffService", rows::commands(), "commands"),
        ("HandoffService", rows::readings(), "readings"),
        ("HandoffService", rows::confidential_readings(), "readings, confidential"),
        ("HandoffService", rows::beside(), "others"),
        ("RouteService", rows::map(), "the map"),
        ("DirectoryService", rows::directory(), "teams"),
        ("EventLogService", rows::event_log(), "the log of events"),
    ];
    let (mut table, mut asked) = (Table::default(), BTreeSet::new());
    for (service, rows, what) in parts {
        table.heading(&format!("{service}: {what}"));
        for (row, answers) in ask_all(&world, rows).await {
            let (rpc, note) = row.name.split_once(": ").unwrap_or((row.name, ""));
            asked.insert(format!("{service}/{rpc}"));
            let refused_with: &[Code] = match note {
                "confidential" => &[Code::NotFound],
                // A colleague may look instead of somebody, only not while that one does: that is no matter of rights.
                "claimed by somebody else" => &[Code::PermissionDenied, Code::FailedPrecondition],
                _ => &[Code::PermissionDenied],
            };
            table.row(row.name, rules::allowed(row.name), refused_with, &answers);
        }
    }
    assert_eq!(
        asked,
        rpcs(api::DESCRIPTORS, &["baton.handoff.v1", "baton.event.v1"]),
        "every RPC has a row, and no other"
    );
    assert!(table.wrong.is_empty(), "of {} cells:\n{}", table.cells, table.wrong.join("\n"));
    insta::assert_snapshot!(table.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_confidential_handoff_outsiders_hear_what_they_hear_of_none() {
    let world = World::with_template().await;
    furnish(&world).await;
    let rows = rows::commands().into_iter().chain(rows::readings()).filter(|row| !row.is_own());
    let cells: Vec<usize> = stream::iter(rows.collect::<Vec<_>>())
        .map(async |row| {
            let stage = Stage::of_others(&world);
            let subject = (row.prepare)(&stage).await;
            hidden(&stage, &subject).await;
            let before = world.ada.get(&subject.handoff.id).await.unwrap();
            let outsiders = COLUMNS.iter().filter(|column| ["oL", "nT", "Re", "Im"].contains(&column.code));
            let mut cells = 0;
            for column in outsiders {
                let (hidden, none) = (heard(&world, row, column, subject.clone()).await, unknown(&subject));
                assert_eq!(hidden, heard(&world, row, column, none).await, "{}: {}", row.name, column.name);
                assert_eq!((hidden.code, hidden.reason.as_str()), (Code::NotFound, "NOT_FOUND"), "{}", row.name);
                cells += 1;
            }
            assert_eq!(world.ada.get(&subject.handoff.id).await.unwrap(), before);
            cells
        })
        .buffer_unordered(AT_A_TIME)
        .collect()
        .await;
    assert!(cells.iter().sum::<usize>() > 200);
}

/// The same, about a handoff that is not there.
fn unknown(subject: &Subject) -> Subject {
    let mut none = subject.clone();
    none.handoff.id = request_id();
    none
}

/// The whole refusal, without the handoff's id.
async fn heard(world: &World, row: Row, column: &Column, subject: Subject) -> Refusal {
    let id = subject.handoff.id.clone();
    let status = (row.act)(Hand::of(world, column, row.side), subject).await.unwrap_err();
    let mut heard = refusal(&status);
    heard.message = heard.message.replace(&id, "<id>");
    for value in heard.metadata.values_mut() {
        *value = value.replace(&id, "<id>");
    }
    heard
}
