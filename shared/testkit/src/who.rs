//! Who may do what, as a table: its columns, the RPCs that must be its rows, and the table as a text to read.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use prost::Message;
use prost_types::FileDescriptorSet;
use tonic::{Code, Status};

use crate::{Claims, People, Refusal, refusal};

/// Somebody of whom the table says what they may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Two letters.
    pub code: &'static str,
    /// In words.
    pub name: &'static str,
    /// Whose token is sent; none, where none is.
    pub who: Option<People>,
    /// Whether a reason is given for acting for a side.
    pub gives_reason: bool,
    /// Whether the side must be named: somebody of both teams, or of neither.
    pub names_side: bool,
}

/// All columns, in the table's order.
pub const COLUMNS: [Column; 15] = [
    column("uM", "member of upstream (sales)", Some(People::Sam)),
    column("uL", "lead of upstream", Some(People::Anna)),
    column("uS", "service of upstream", Some(People::Crm)),
    column("dM", "member of downstream (implementation)", Some(People::Ines)),
    column("dL", "lead of downstream", Some(People::Ivan)),
    column("dS", "service of downstream", Some(People::Desk)),
    Column { names_side: true, ..column("bM", "member of both", Some(People::Bo)) },
    Column { names_side: true, ..column("bL", "lead of both", Some(People::Bella)) },
    column("oL", "lead of another team", Some(People::Olga)),
    column("nT", "user in no team", Some(People::Nora)),
    Column { names_side: true, ..column("A-", "administrator without an override reason", Some(People::Admin)) },
    Column {
        names_side: true,
        gives_reason: true,
        ..column("A+", "administrator with an override reason", Some(People::Admin))
    },
    Column { names_side: true, ..column("Re", "service with the role READER", Some(People::Reader)) },
    Column { names_side: true, ..column("Im", "service with the role IMPORTER", Some(People::Importer)) },
    column("--", "no token", None),
];

const fn column(code: &'static str, name: &'static str, who: Option<People>) -> Column {
    Column { code, name, who, gives_reason: false, names_side: false }
}

impl Column {
    /// What the token says, had its holder every right in both teams: whoever prepares something in this column's name.
    pub fn claims_with_every_right(&self) -> Option<Claims> {
        Some(self.who?.claims().lead("sales").lead("implementation"))
    }
}

/// Every RPC of these packages, as `Service/Method`.
///
/// # Panics
/// When the descriptors cannot be read.
pub fn rpcs(descriptors: &[u8], packages: &[&str]) -> BTreeSet<String> {
    let files = FileDescriptorSet::decode(descriptors).expect("the descriptors are a set of files").file;
    let of_package = files.into_iter().filter(|file| packages.contains(&file.package()));
    let services = of_package.flat_map(|file| file.service);
    services
        .flat_map(|service| {
            let name = service.name().to_owned();
            service.method.into_iter().map(move |method| format!("{name}/{}", method.name()))
        })
        .collect()
}

/// The table as it fills.
#[derive(Debug, Default)]
pub struct Table {
    text: String,
    reasons: BTreeMap<String, Code>,
    /// What is not as it should be, each in a sentence.
    pub wrong: Vec<String>,
    /// How many cells it has.
    pub cells: usize,
}

impl Table {
    /// Adds a row: what each column was answered. `allowed` are the codes of the columns that must be, `refused_with` is what
    /// all others must be told.
    pub fn row(&mut self, name: &str, allowed: &str, refused_with: &[Code], answers: &[Result<(), Status>]) {
        let is_allowed: BTreeSet<_> = allowed.split_whitespace().collect();
        let mut line = format!("{name:<58}");
        for (column, answer) in COLUMNS.iter().zip(answers) {
            self.cells += 1;
            let told = answer.as_ref().err().map(refusal);
            let cell = match &told {
                None => "yes".to_owned(),
                Some(Refusal { code, reason, .. }) => {
                    self.reasons.insert(reason.clone(), *code);
                    short(reason).to_owned()
                }
            };
            let wanted: &[Code] = if column.who.is_none() { &[Code::Unauthenticated] } else { refused_with };
            let is_right = match &told {
                None => is_allowed.contains(column.code),
                Some(told) => !is_allowed.contains(column.code) && wanted.contains(&told.code),
            };
            if !is_right {
                let must = if is_allowed.contains(column.code) { "must be allowed" } else { "must be refused" };
                let told =
                    told.map_or("yes".to_owned(), |told| format!("{} {}: {}", told.code, told.reason, told.message));
                self.wrong.push(format!("{name}: {} {must}, and was told {told}", column.name));
            }
            let _ = write!(line, " {cell:<5}");
        }
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    /// A heading within the table.
    pub fn heading(&mut self, text: &str) {
        let codes: Vec<_> = COLUMNS.iter().map(|column| format!("{:<5}", column.code)).collect();
        let _ = writeln!(self.text, "\n{}", format!("{text:<58} {}", codes.join(" ")).trim_end());
    }

    /// The whole, with what its signs mean.
    pub fn text(&self) -> String {
        let mut whole = String::new();
        for column in &COLUMNS {
            let _ = writeln!(whole, "{}     {}", column.code, column.name);
        }
        whole.push_str("\nyes    allowed\n");
        for (reason, code) in &self.reasons {
            let told = if reason.is_empty() { "not shown".to_owned() } else { format!("{reason} ({code:?})") };
            let _ = writeln!(whole, "{:<6} {told}", short(reason));
        }
        whole + &self.text
    }
}

fn short(reason: &str) -> &str {
    match reason {
        "WRONG_SIDE" => "side",
        "NEITHER_SIDE" => "teams",
        "LEAD_ONLY" => "lead",
        "ADMIN_ONLY" => "admin",
        "READER_ONLY" => "read",
        "IMPORTER_ONLY" => "imp",
        "OVERRIDE_REASON_REQUIRED" => "why?",
        "NO_TOKEN" => "who?",
        "" => "-",
        "NOT_FOUND" | "SUBSCRIPTION_NOT_FOUND" | "DELIVERY_NOT_FOUND" => "none",
        "NOT_YOURS" => "yours",
        "CLAIMED" => "taken",
        "OWN_SUBMISSION" | "OWN_DOING" | "OWN_PROPOSAL" => "own",
        other => other,
    }
}
