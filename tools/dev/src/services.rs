//! The services and crates that the launcher knows, in one place.

/// A crate with SQL that is checked when it is compiled.
pub(crate) struct SqlCrate {
    /// The package.
    pub(crate) package: &'static str,
    /// Its folder.
    pub(crate) folder: &'static str,
    /// The schema that its SQL is checked in.
    pub(crate) schema: &'static str,
    /// The variable that its `sqlx.toml` names.
    pub(crate) url_variable: &'static str,
}

/// In the order in which they are prepared: what a crate stands on comes first.
pub(crate) const SQL_CRATES: [SqlCrate; 6] = [
    SqlCrate { package: "chassis", folder: "shared/chassis", schema: "handoff", url_variable: "CHASSIS_DATABASE_URL" },
    SqlCrate {
        package: "checklist-template",
        folder: "services/checklist-template",
        schema: "checklist",
        url_variable: "CHECKLIST_DATABASE_URL",
    },
    SqlCrate {
        package: "handoff",
        folder: "services/handoff",
        schema: "handoff",
        url_variable: "HANDOFF_DATABASE_URL",
    },
    SqlCrate {
        package: "sla-monitor",
        folder: "services/sla-monitor",
        schema: "sla",
        url_variable: "SLA_DATABASE_URL",
    },
    SqlCrate {
        package: "baton-metrics",
        folder: "services/metrics",
        schema: "metrics",
        url_variable: "METRICS_DATABASE_URL",
    },
    SqlCrate {
        package: "baton-notifier",
        folder: "services/notifier",
        schema: "notifier",
        url_variable: "NOTIFIER_DATABASE_URL",
    },
];

/// A service.
pub(crate) struct Service {
    /// Package and program.
    pub(crate) name: &'static str,
    /// The folder of the package.
    pub(crate) folder: &'static str,
    /// Its schema; its roles are named after it.
    pub(crate) schema: &'static str,
    /// The knob that tells other services where it is.
    pub(crate) url_knob: &'static str,
    /// The services that it calls.
    pub(crate) calls: &'static [&'static str],
    /// Whether it is told of an SMTP server.
    pub(crate) sends_letters: bool,
    /// Knobs that a system to look at has otherwise than one in earnest.
    pub(crate) knobs: &'static [(&'static str, &'static str)],
}

/// In the order in which they are started: what a service cannot do without comes first.
pub(crate) const SERVICES: [Service; 5] = [
    Service {
        name: "checklist-template",
        folder: "services/checklist-template",
        schema: "checklist",
        url_knob: "SERVICE__CHECKLIST_URL",
        calls: &[],
        sends_letters: false,
        knobs: &[],
    },
    Service {
        name: "handoff",
        folder: "services/handoff",
        schema: "handoff",
        url_knob: "SERVICE__HANDOFF_URL",
        calls: &["checklist-template", "sla-monitor"],
        sends_letters: false,
        knobs: &[],
    },
    Service {
        name: "sla-monitor",
        folder: "services/sla-monitor",
        schema: "sla",
        url_knob: "SERVICE__SLA_URL",
        calls: &["handoff"],
        sends_letters: false,
        knobs: &[],
    },
    Service {
        name: "baton-metrics",
        folder: "services/metrics",
        schema: "metrics",
        url_knob: "SERVICE__METRICS_URL",
        calls: &["handoff", "sla-monitor", "checklist-template"],
        sends_letters: false,
        // Suggestions at once, and from imported history of any age.
        knobs: &[("SERVICE__LOOK_EVERY_SECONDS", "1"), ("SERVICE__LOOK_DAYS", "36600")],
    },
    Service {
        name: "baton-notifier",
        folder: "services/notifier",
        schema: "notifier",
        url_knob: "SERVICE__NOTIFIER_URL",
        calls: &["handoff", "sla-monitor", "baton-metrics"],
        sends_letters: true,
        // Receivers on this machine.
        knobs: &[("SERVICE__ALLOWED_NETWORKS", "[\"127.0.0.0/8\"]")],
    },
];
