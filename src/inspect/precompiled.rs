//! Native code that Wasmtime left for itself: an ELF file whose header and sections tell what was compiled and by whom.
//! What is inside of it is not looked at: only the very same engine could.

use object::{
    Endianness, FileFlags, Object, ObjectSection,
    elf::FileHeader64,
    read::elf::{ElfFile, FileHeader},
};

use super::model::{Counts, Custom, Kind, Overview, Precompiled, Producers};

/// Wasmtime's own mark in the header (`wasmtime_environ::obj::ELFOSABI_WASMTIME`).
const OS_ABI: u8 = 200;
const MODULE: u32 = 1;
const COMPONENT: u32 = 1 << 1;
const PULLEY: u32 = (1 << 2) | (1 << 3);

/// Reads a precompiled artifact; `None` if it is none.
pub(super) fn read(bytes: &[u8]) -> Option<Overview> {
    if !bytes.starts_with(b"\x7fELF") {
        return None;
    }
    let elf = ElfFile::<FileHeader64<Endianness>>::parse(bytes).ok()?;
    if elf.elf_header().e_ident().os_abi != OS_ABI {
        return None;
    }
    let FileFlags::Elf { e_flags: flags, .. } = elf.flags() else { return None };
    let sections = elf.sections().filter_map(|section| {
        let name = section.name().ok()?;
        Some(Custom { name: name.to_owned(), size: section.size() })
    });
    let precompiled = Precompiled {
        engine: "wasmtime".to_owned(),
        version: elf.section_by_name(".wasmtime.engine").and_then(|section| version(section.data().ok()?)),
        of: match (flags & MODULE, flags & COMPONENT) {
            (MODULE, _) => Some(Kind::CoreModule),
            (_, COMPONENT) => Some(Kind::Component),
            _ => None,
        },
        architecture: match flags & PULLEY {
            0 => format!("{:?}", elf.architecture()).to_lowercase(),
            _ => "pulley".to_owned(),
        },
        sections: sections.filter(|section| !section.name.is_empty()).collect(),
    };
    Some(Overview {
        kind: Kind::Precompiled,
        name: None,
        size: bytes.len() as u64,
        digest: super::digest(bytes),
        imports: Vec::new(),
        exports: Vec::new(),
        parts: Vec::new(),
        counts: Counts::default(),
        producers: Producers::default(),
        customs: Vec::new(),
        precompiled: Some(precompiled),
    })
}

/// A byte for the form, one for the length, the version.
fn version(engine: &[u8]) -> Option<String> {
    let [0, length, rest @ ..] = engine else { return None };
    let version = rest.get(..usize::from(*length))?;
    std::str::from_utf8(version).ok().filter(|version| !version.is_empty()).map(str::to_owned)
}
