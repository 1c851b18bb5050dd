//! Licences: as SPDX expressions, and as the texts that stand beside sources.

/// Whether a text has the form of an SPDX expression: ids joined by `AND`, `OR`, `WITH`, in brackets or not.
pub fn is_licence(text: &str) -> bool {
    let spaced = text.replace('(', " ( ").replace(')', " ) ");
    let (mut depth, mut wants_id) = (0_usize, true);
    for word in spaced.split_whitespace() {
        match (word, wants_id) {
            ("(", true) => depth += 1,
            (")", false) if depth > 0 => depth -= 1,
            ("AND" | "OR" | "WITH", false) => wants_id = true,
            ("(" | ")" | "AND" | "OR" | "WITH", _) | (_, false) => return false,
            (id, true) => {
                if !id.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+' | ':')) {
                    return false;
                }
                wants_id = false;
            }
        }
    }
    depth == 0 && !wants_id
}

/// Words that only one licence has, with words that must not be there.
const KNOWN: &[(&str, &[&str], &[&str])] = &[
    ("Apache-2.0", &["apache license version 2.0"], &[]),
    ("MPL-2.0", &["mozilla public license version 2.0"], &[]),
    (
        "MIT",
        &["permission is hereby granted, free of charge", "the above copyright notice and this permission notice"],
        &["except as contained in this notice"],
    ),
    (
        "BSD-3-Clause",
        &["redistribution and use in source and binary forms", "neither the name"],
        &["all advertising materials"],
    ),
    (
        "BSD-2-Clause",
        &["redistribution and use in source and binary forms"],
        &["neither the name", "may not be used to endorse", "all advertising materials"],
    ),
    ("ISC", &["permission to use, copy, modify, and/or distribute this software for any purpose"], &[]),
    ("Unlicense", &["this is free and unencumbered software released into the public domain"], &[]),
];

/// The licence that a text is; `None` where it is none that is known, or more than one.
pub fn of_text(text: &str) -> Option<String> {
    let tagged = text.lines().find_map(|line| line.split_once("SPDX-License-Identifier:"));
    if let Some((_, expression)) = tagged {
        let expression = expression.trim();
        return is_licence(expression).then(|| expression.to_owned());
    }
    // Line ends are where somebody liked them.
    let words = text.to_lowercase().replace(',', ", ");
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ").replace("license, version", "license version");
    let is = |(_, has, lacks): &&(&str, &[&str], &[&str])| {
        has.iter().all(|it| words.contains(it)) && !lacks.iter().any(|it| words.contains(it))
    };
    let mut found = KNOWN.iter().filter(is);
    match (found.next(), found.next()) {
        (Some((id, ..)), None) => Some((*id).to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn licences_are_expressions() {
        for good in
            ["MIT", "MIT OR Apache-2.0", "(MIT OR Apache-2.0) AND Unicode-3.0", "Apache-2.0 WITH LLVM-exception"]
        {
            assert!(is_licence(good), "{good}");
        }
        for bad in ["", "MIT License", "MIT OR", "(MIT", "MIT)", "OR", "MIT/Apache-2.0", "<script>"] {
            assert!(!is_licence(bad), "{bad}");
        }
    }

    #[test]
    fn texts_are_known_by_their_words() {
        let mit = "Permission is hereby granted, free of charge, to any person … subject to:\n\
                   The above copyright notice and this permission\n notice shall be included";
        let bsd = "Redistribution and use in source and binary forms, with or without\n modification, are permitted";
        for (text, expected) in [
            (mit, Some("MIT")),
            (bsd, Some("BSD-2-Clause")),
            (&format!("{bsd}\n * Neither the name of Google Inc."), Some("BSD-3-Clause")),
            (&format!("{bsd}\n All advertising materials …"), None),
            ("Apache License\n   Version 2.0, January 2004", Some("Apache-2.0")),
            ("Mozilla Public License, version 2.0\n", Some("MPL-2.0")),
            ("// SPDX-License-Identifier: MIT OR Apache-2.0\n", Some("MIT OR Apache-2.0")),
            ("SPDX-License-Identifier: <b>", None),
            (&format!("{mit}\n{bsd}"), None),
            ("All rights reserved.", None),
            ("", None),
        ] {
            assert_eq!(of_text(text).as_deref(), expected, "{text}");
        }
    }
}
