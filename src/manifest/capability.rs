//! The meaning of grants: what each entry of `[grants]` is, and what components name of them.

use indexmap::IndexSet;

use super::{Family, Grant, Granted, Spanned, error::FlawKind, is_kebab, meaning::Reader, typed};

impl Reader<'_> {
    /// What a component's `grants` name.
    pub(super) fn granted(&mut self, key: &[&str], typed: Vec<Spanned<String>>) -> Vec<Spanned<Granted>> {
        let mut granted: Vec<Spanned<Granted>> = Vec::new();
        for Spanned { value: name, span } in typed {
            let value = match Family::from_word(&name) {
                _ if self.grant_names.contains(&name) => Granted::Named(name),
                Some(family) => Granted::Family(family),
                None => {
                    let families = Family::ALL.iter().map(|family| family.word().to_owned());
                    let known: IndexSet<String> = self.grant_names.iter().cloned().chain(families).collect();
                    let known = known.into_iter().collect();
                    self.tell(key, &span, FlawKind::UnknownGrant { name, known });
                    continue;
                }
            };
            match granted.iter().find(|earlier| earlier.value == value) {
                Some(earlier) => {
                    let first = earlier.span.clone();
                    self.tell(key, &span, FlawKind::GrantTwice { name: value.to_string(), first });
                }
                None => granted.push(Spanned { value, span }),
            }
        }
        granted
    }

    /// One entry of `[grants]`.
    pub(super) fn grant(&mut self, name: &Spanned<String>, typed: typed::Grant) -> Option<Grant> {
        let table = ["grants", name.value.as_str()];
        let was_flawed = self.is_flawed(&table);
        if !is_kebab(&name.value) {
            self.tell(&table, &name.span, FlawKind::BadName { what: "grant", name: name.value.clone() });
        }
        if Family::from_word(&name.value).is_some() {
            self.tell(&table, &name.span, FlawKind::GrantNamedLikeFamily { name: name.value.clone() });
        }
        for (key, span, beside, because) in [
            ("readonly", typed.readonly.as_ref().map(|it| &it.span), typed.dir.is_some(), "it belongs to `dir`"),
            ("guest", typed.guest.as_ref().map(|it| &it.span), typed.dir.is_some(), "it belongs to `dir`"),
            (
                "value",
                typed.value.as_ref().map(|it| &it.span),
                typed.env.is_some() || typed.config.is_some(),
                "it belongs to `env` or `config`",
            ),
        ] {
            if let Some(span) = span
                && !beside
                && !was_flawed
            {
                self.tell(&table, span, FlawKind::Needless { key, because });
            }
        }
        let found: Vec<&'static str> = [
            ("kv", typed.kv.is_some()),
            ("blob", typed.blob.is_some()),
            ("topic", typed.topic.is_some()),
            ("http-out", typed.http_out.is_some()),
            ("dir", typed.dir.is_some()),
            ("env", typed.env.is_some()),
            ("config", typed.config.is_some()),
            ("net", typed.net.is_some()),
            ("logging", typed.logging.is_some()),
        ]
        .into_iter()
        .filter_map(|(key, is_there)| is_there.then_some(key))
        .collect();
        if found.len() != 1 {
            if !was_flawed || found.len() > 1 {
                self.tell(&table, &name.span, FlawKind::GrantCapabilities { found });
            }
            return None;
        }
        if let Some(bucket) = typed.kv {
            let bucket = self.grant_value(&table, "kv", bucket, "the name of a bucket", |it| !it.is_empty())?;
            return Some(Grant::KeyValue { bucket });
        }
        if let Some(container) = typed.blob {
            let container =
                self.grant_value(&table, "blob", container, "the name of a container", |it| !it.is_empty())?;
            return Some(Grant::Blob { container });
        }
        if let Some(topic) = typed.topic {
            let topic = self.grant_value(&table, "topic", topic, "the name of a topic", |it| !it.is_empty())?;
            return Some(Grant::Topic { topic });
        }
        if let Some(authority) = typed.http_out {
            let form = "`host` or `host:port`, without a scheme or a path";
            let authority = self.grant_value(&table, "http-out", authority, form, is_authority)?;
            return Some(Grant::HttpOut { authority });
        }
        if let Some(dir) = typed.dir {
            let host = self.path(&[&table[..], &["dir"]].concat(), dir)?.value;
            let form = "an absolute path, as the guest sees it";
            let guest = match typed.guest {
                Some(guest) => Some(self.grant_value(&table, "guest", guest, form, is_guest_path)?),
                None => None,
            };
            return Some(Grant::Dir { host, guest, readonly: typed.readonly.is_some_and(|it| it.value) });
        }
        if let Some(variable) = typed.env {
            let valid = |name: &str| !name.is_empty() && !name.contains(['=', '\0']);
            let name = self.grant_value(&table, "env", variable, "the name of a variable", valid)?;
            let value = match typed.value {
                Some(value) => {
                    Some(self.grant_value(&table, "value", value, "text without a NUL", |it| !it.contains('\0'))?)
                }
                None => None,
            };
            return Some(Grant::Env { name, value });
        }
        if let Some(key) = typed.config {
            let key = self.grant_value(&table, "config", key, "a key", |it| !it.is_empty())?;
            return Some(Grant::Config { key, value: typed.value.map(|value| value.value) });
        }
        if let Some(address) = typed.net {
            let form = "`host:port`";
            let valid = |it: &str| is_authority(it) && port_of(it).is_some();
            return Some(Grant::Net { address: self.grant_value(&table, "net", address, form, valid)? });
        }
        let logging = typed.logging?;
        if !logging.value {
            let kind = FlawKind::BadGrantValue {
                key: "logging",
                value: "false".into(),
                form: "`true`; what is not granted is denied anyway",
            };
            self.tell(&table, &logging.span, kind);
            return None;
        }
        Some(Grant::Logging)
    }

    fn grant_value(
        &mut self,
        table: &[&str],
        key: &'static str,
        text: Spanned<String>,
        form: &'static str,
        is_valid: impl Fn(&str) -> bool,
    ) -> Option<String> {
        if is_valid(&text.value) {
            return Some(text.value);
        }
        self.tell(table, &text.span, FlawKind::BadGrantValue { key, value: text.value, form });
        None
    }
}

/// `host` or `host:port`.
fn is_authority(text: &str) -> bool {
    let Ok(authority) = text.parse::<http::uri::Authority>() else { return false };
    !authority.as_str().contains('@')
        && !authority.host().is_empty()
        && (authority.port_u16().is_some() || !ends_like_port(text))
}

fn port_of(authority: &str) -> Option<u16> {
    authority.parse::<http::uri::Authority>().ok()?.port_u16()
}

fn ends_like_port(text: &str) -> bool {
    !text.ends_with(']') && text.contains(':')
}

fn is_guest_path(path: &str) -> bool {
    path.starts_with('/') && !path.contains('\0') && !path.split('/').any(|step| step == "..")
}
