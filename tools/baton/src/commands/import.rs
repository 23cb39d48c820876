//! `baton import`: the history of another system, streamed as fast as the service takes it.

use std::{
    fs::{self, File},
    io::{self, BufRead as _, BufReader},
    path::{Path, PathBuf},
    time::Instant,
};

use api::handoff::v1::{ImportHandoffsRequest, ImportHandoffsResponse};
use clap::Args;
use serde::Serialize;
use tokio::sync::mpsc::{self, Sender};
use tokio_stream::wrappers::ReceiverStream;
use tonic::Request;

use crate::{
    errors::{Error, Result},
    record,
    session::Session,
    show::{import as show, progress::Meter},
};

/// Records that are read ahead of the service.
const READ_AHEAD: usize = 256;

/// What to bring in.
#[derive(Debug, Args)]
#[command(after_help = "\
A line is one handoff with its past:
  {\"external_ref\":{\"system\":\"vinst\",\"key\":\"1-36/1\"},\"incident\":\"1-36\",\"from_team\":\"v30\",\"to_team\":\"v5\",
   \"title\":\"PROD582\",\"priority\":\"NORMAL\",\"fields\":{\"impact\":\"Medium\"},
   \"events\":[{\"type\":\"submitted\",\"at\":\"2010-03-31T15:45:48Z\",\"actor\":\"anne\",\"reason\":\"\"}, ...]}
(on one line). Event types: submitted, accepted, began, held, resumed, rejected, rework, completed, cancelled.

A record that is here already adds what is new; the same file again adds nothing. A bad line is refused with its \
number and its reason, the others go in, and the exit code is 7.

Example:
  baton --as importer import handoffs.jsonl")]
pub(crate) struct Import {
    /// The file, one JSON object a line
    file: PathBuf,
    /// Show how far it is, also where stderr is no terminal
    #[arg(long)]
    progress: bool,
}

/// What became of the lines.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    /// Lines that are not empty.
    pub(crate) records: i64,
    /// Records that made a handoff.
    pub(crate) created: i64,
    /// Records that added events to a handoff.
    pub(crate) extended: i64,
    /// Records that were there already.
    pub(crate) unchanged: i64,
    /// Lines that were refused, here or by the service.
    pub(crate) refused: i64,
    /// Events that were written as facts.
    pub(crate) facts: i64,
    /// Teams that were made.
    pub(crate) teams_created: i64,
    /// Routes that were made.
    pub(crate) routes_discovered: i64,
    /// How long it took.
    pub(crate) seconds: f64,
    /// Facts for each second.
    pub(crate) events_per_second: f64,
    /// The lines that were refused, in order; those of the service up to its limit of 1000.
    pub(crate) refused_lines: Vec<RefusedLine>,
}

/// A line that was refused.
#[derive(Debug, Serialize, PartialEq, Eq)]
pub(crate) struct RefusedLine {
    /// Its number in the file, from 1.
    pub(crate) line: u64,
    /// The kind of defect, `UPPER_SNAKE`.
    pub(crate) reason: String,
    /// What is wrong with it.
    pub(crate) message: String,
}

/// What the reader of the file has seen.
#[derive(Debug, Default)]
struct Lines {
    /// The number of the line behind each record that was sent.
    sent: Vec<u64>,
    /// What was not sent.
    refused: Vec<RefusedLine>,
}

impl Import {
    /// Streams the file and prints what became of it.
    pub(crate) async fn run(self, session: &Session) -> Result<()> {
        let remote = session.handoff()?;
        let bytes = fs::metadata(&self.file).map_err(|error| unreadable(&self.file, &error))?.len();
        let meter = Meter::new(bytes, self.progress);
        let started = Instant::now();
        let (sender, receiver) = mpsc::channel(READ_AHEAD);
        let reader = {
            let (file, mut meter) = (self.file.clone(), meter.clone());
            tokio::task::spawn_blocking(move || send_lines(&file, &sender, &mut meter))
        };
        let mut request = Request::new(ReceiverStream::new(receiver));
        if let Some(timeout) = session.stated_timeout() {
            request.set_timeout(timeout);
        }
        let answer = remote.handoffs().import_handoffs(request).await;
        // Where the service has hung up, the reader finds the channel closed and stops.
        let lines = reader.await.map_err(|error| Error::unexpected(format!("the file was not read: {error}")))?;
        meter.finish();
        let answer = answer.map_err(|status| remote.error(status))?.into_inner();
        let report = Report::new(
            lines.map_err(|error| unreadable(&self.file, &error))?,
            answer,
            started.elapsed().as_secs_f64(),
        );
        session.answer_own(&report, show::summary)?;
        if report.refused > 0 { Err(Error::LinesRefused) } else { Ok(()) }
    }
}

/// Sends each good line; waits where the service is slower than the file.
fn send_lines(file: &Path, sender: &Sender<ImportHandoffsRequest>, meter: &mut Meter) -> io::Result<Lines> {
    let mut lines = Lines::default();
    let mut reader = BufReader::new(File::open(file)?);
    let mut line = vec![];
    for number in 1.. {
        line.clear();
        let bytes = reader.read_until(b'\n', &mut line)?;
        if bytes == 0 {
            break;
        }
        meter.advance(bytes, lines.sent.len());
        let text = line.trim_ascii();
        if text.is_empty() {
            continue;
        }
        match record::parse(text) {
            Ok(record) => {
                lines.sent.push(number);
                if sender.blocking_send(ImportHandoffsRequest { record: Some(record) }).is_err() {
                    break;
                }
            }
            Err(bad) => {
                lines.refused.push(RefusedLine { line: number, reason: bad.reason.to_owned(), message: bad.message });
            }
        }
    }
    meter.wait();
    Ok(lines)
}

impl Report {
    fn new(lines: Lines, answer: ImportHandoffsResponse, seconds: f64) -> Self {
        let refused_here = i64::try_from(lines.refused.len()).unwrap_or(i64::MAX);
        let mut refused_lines = lines.refused;
        refused_lines.extend(answer.refusals.into_iter().map(|refusal| RefusedLine {
            line: usize::try_from(refusal.index).ok().and_then(|index| lines.sent.get(index)).copied().unwrap_or(0),
            reason: refusal.reason,
            message: refusal.message,
        }));
        refused_lines.sort_by_key(|refused| refused.line);
        Self {
            records: answer.records + refused_here,
            created: answer.created,
            extended: answer.extended,
            unchanged: answer.unchanged,
            refused: answer.refused + refused_here,
            facts: answer.facts,
            teams_created: answer.teams_created,
            routes_discovered: answer.routes_discovered,
            seconds,
            events_per_second: rate(answer.facts, seconds),
            refused_lines,
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below the 2^52 where it begins")]
fn rate(facts: i64, seconds: f64) -> f64 {
    facts as f64 / seconds.max(0.001)
}

fn unreadable(file: &Path, error: &io::Error) -> Error {
    Error::usage(format!("{}: {error}", file.display()), "name a file that can be read")
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use api::handoff::v1::RefusedRecord;
    use insta::assert_snapshot;

    use super::*;
    use crate::show::Screen;

    const GOOD: &str = r#"{"external_ref":{"system":"s","key":"KEY"},"from_team":"a","to_team":"b","title":"t","events":[{"type":"submitted","at":"2010-03-31T15:45:48Z"}]}"#;

    #[test]
    fn a_bad_line_keeps_the_others_going_and_every_refusal_names_its_line() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        writeln!(file, "{}\n\nnot json\n{}\n{{}}\n{}", GOOD, GOOD.replace("KEY", "2"), GOOD.replace("KEY", "3"))
            .unwrap();
        let (sender, mut receiver) = mpsc::channel(10);
        let lines = send_lines(file.path(), &sender, &mut Meter::new(0, false)).unwrap();
        drop(sender);
        let mut keys = vec![];
        while let Some(request) = receiver.blocking_recv() {
            keys.push(request.record.unwrap().origin.unwrap().key);
        }
        assert_eq!(keys, ["KEY", "2", "3"]);

        let refusal = RefusedRecord { index: 2, reason: "CONTRADICTS".to_owned(), message: "another past".to_owned() };
        let answer = ImportHandoffsResponse {
            records: 3,
            created: 2,
            refused: 1,
            facts: 2,
            refusals: vec![refusal],
            ..ImportHandoffsResponse::default()
        };
        assert_snapshot!(show::summary(&Report::new(lines, answer, 0.5), &Screen::of_test()), @"
          records            5
          created            2
          extended           0
          unchanged          0
          refused            3
          facts              2
          teams made         0
          routes discovered  0
          time               0.5 s, 4 events/s

        Refused lines
         LINE   Reason         What is wrong
        ───────────────────────────────────────────────────────────────
         3      NOT_JSON       expected ident (column 2)
         5      NOT_A_RECORD   missing field `external_ref` (column 2)
         6      CONTRADICTS    another past
        ");
    }

    #[test]
    fn the_reader_stops_when_the_service_hangs_up() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        writeln!(file, "{GOOD}\n{GOOD}").unwrap();
        let (sender, receiver) = mpsc::channel(1);
        drop(receiver);
        assert_eq!(send_lines(file.path(), &sender, &mut Meter::new(0, false)).unwrap().sent, [1]);
    }
}
