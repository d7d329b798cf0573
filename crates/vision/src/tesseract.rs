//! The recogniser that stands in until the project's own: Debian's `tesseract` program as a child process.
//!
//! Lines go in as the pages of one TIFF (Revision 6.0, baseline greyscale) on standard input and come back as
//! TSV on standard output, so that no picture of a person ever touches the disk. Digits and capitals are read by
//! the English model, each with a whitelist, all else by the Korean one; they run at the same time.

use crate::model::{LineImage, Model, ModelFault, Reading, Script};
use crate::picture::Plane;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// What capitals may stand with on documents.
const LATIN: &str = "tessedit_char_whitelist=ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.,'/() ";

/// How long a call may take: a second is usual, and a machine that does much else takes several.
const LIMIT: Duration = Duration::from_secs(20);

/// Tesseract by its command line, version 4 or later.
#[derive(Debug, Clone)]
pub struct Tesseract {
    program: PathBuf,
    name: String,
    limit: Duration,
}

impl Tesseract {
    /// The installed `tesseract`, asked once for its version and its languages.
    pub fn installed() -> Result<Self, ModelFault> {
        Self::at("tesseract", LIMIT)
    }

    /// The `tesseract` at `program`; a call may take `limit` before it is killed.
    pub fn at(program: impl Into<PathBuf>, limit: Duration) -> Result<Self, ModelFault> {
        let mut model = Self { program: program.into(), name: String::new(), limit };
        let version = model.run(&["--version"], Vec::new())?;
        // "tesseract 5.3.0" on the first line.
        model.name = version.lines().next().unwrap_or("tesseract").trim().to_owned();
        let languages = model.run(&["--list-langs"], Vec::new())?;
        for language in ["eng", "kor"] {
            if !languages.lines().any(|line| line.trim() == language) {
                return Err(ModelFault::Missing(format!("tesseract-ocr-{language}")));
            }
        }
        Ok(model)
    }

    fn run(&self, arguments: &[&str], input: Vec<u8>) -> Result<String, ModelFault> {
        let mut child = Command::new(&self.program)
            .args(arguments)
            // One thread a process: with lines this small, more threads only wait for each other.
            .env("OMP_THREAD_LIMIT", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| match error.kind() {
                std::io::ErrorKind::NotFound => ModelFault::Missing("tesseract".into()),
                kind => ModelFault::Failed(format!("could not start: {kind}")),
            })?;
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        let (send, answer) = mpsc::channel();
        thread::spawn(move || {
            // A child that ends early closes the pipe; its exit code says what happened.
            stdin.map(|mut pipe| pipe.write_all(&input))
        });
        thread::spawn(move || {
            let mut bytes = Vec::new();
            let outcome = stdout.map_or(Ok(0), |mut pipe| pipe.read_to_end(&mut bytes));
            // Nobody listens any more after a time-out.
            let _ = send.send(outcome.map(|_| bytes));
        });
        let Ok(outcome) = answer.recv_timeout(self.limit) else {
            // Killing can only fail when it has just ended; waiting takes it off the process table.
            let _ = child.kill();
            let _ = child.wait();
            return Err(ModelFault::TimedOut { limit_ms: self.limit.as_millis() as u64 });
        };
        let status = child.wait().map_err(|error| ModelFault::Failed(format!("lost: {}", error.kind())))?;
        if !status.success() {
            return Err(ModelFault::Failed(format!("ended with {status}")));
        }
        let bytes = outcome.map_err(|error| ModelFault::Failed(format!("answer lost: {}", error.kind())))?;
        String::from_utf8(bytes).map_err(|_| ModelFault::Failed("the answer is not UTF-8".into()))
    }

    fn read_script(&self, script: Script, lines: &[&Plane]) -> Result<Vec<Reading>, ModelFault> {
        if lines.is_empty() {
            return Ok(Vec::new());
        }
        // --psm 7: each page is one line. Dictionaries would turn names into words, so they stay off.
        let mut arguments = vec!["stdin", "stdout", "--psm", "7", "--oem", "1"];
        arguments.extend(["-c", "load_system_dawg=0", "-c", "load_freq_dawg=0"]);
        match script {
            Script::Digits => arguments.extend(["-l", "eng", "-c", "tessedit_char_whitelist=0123456789-."]),
            Script::Korean => arguments.extend(["-l", "kor", "-c", "preserve_interword_spaces=1"]),
            Script::Latin => arguments.extend(["-l", "eng", "-c", LATIN]),
        }
        arguments.push("tsv");
        Ok(readings(&self.run(&arguments, tiff(lines))?, lines.len()))
    }
}

impl Model for Tesseract {
    fn name(&self) -> &str {
        &self.name
    }

    fn read_lines(&self, lines: &[LineImage]) -> Result<Vec<Reading>, ModelFault> {
        const SCRIPTS: [Script; 3] = [Script::Digits, Script::Korean, Script::Latin];
        let shares = SCRIPTS.map(|script| -> (Vec<usize>, Vec<&Plane>) {
            lines.iter().enumerate().filter(|(_, l)| l.script == script).map(|(i, l)| (i, &l.plane)).unzip()
        });
        let read: Vec<Result<Vec<Reading>, ModelFault>> = thread::scope(|scope| {
            let begun: Vec<_> = SCRIPTS
                .iter()
                .zip(&shares)
                .map(|(script, (_, planes))| scope.spawn(|| self.read_script(*script, planes)))
                .collect();
            let ended_early = || Err(ModelFault::Failed("a thread ended early".into()));
            begun.into_iter().map(|thread| thread.join().unwrap_or_else(|_| ended_early())).collect()
        });
        let mut answer = vec![Reading { text: String::new(), confidence: 0.0 }; lines.len()];
        for ((places, _), readings) in shares.iter().zip(read) {
            for (place, reading) in places.iter().zip(readings?) {
                answer[*place] = reading;
            }
        }
        Ok(answer)
    }
}

/// Words of a TSV answer put together by page; its columns are level, page, block, paragraph, line, word,
/// left, top, width, height, confidence (0-100) and text.
pub(crate) fn readings(tsv: &str, pages: usize) -> Vec<Reading> {
    let mut answer = vec![Reading { text: String::new(), confidence: 0.0 }; pages];
    for row in tsv.lines() {
        let columns: Vec<&str> = row.splitn(12, '\t').collect();
        let &[level, page, .., confidence, text] = columns.as_slice() else { continue };
        let (Ok(page), Ok(confidence), text) =
            (page.parse::<usize>(), confidence.parse::<f32>(), text.trim())
        else {
            continue;
        };
        let Some(reading) = page.checked_sub(1).and_then(|i| answer.get_mut(i)) else { continue };
        if level != "5" || text.is_empty() {
            continue;
        }
        // Not a number would be below no threshold, and so pass for sure.
        let confidence = if confidence.is_nan() { 0.0 } else { (confidence / 100.0).clamp(0.0, 1.0) };
        // A line is as sure as its least sure word.
        reading.confidence =
            if reading.text.is_empty() { confidence } else { reading.confidence.min(confidence) };
        if !reading.text.is_empty() {
            reading.text.push(' ');
        }
        reading.text.push_str(text);
    }
    answer
}

/// A TIFF with one uncompressed 8-bit grey page a line (TIFF 6.0 §4, baseline greyscale).
fn tiff(pages: &[&Plane]) -> Vec<u8> {
    const ENTRIES: u16 = 12;
    const LONG: u16 = 4;
    const RATIONAL: u16 = 5;
    const SHORT: u16 = 3;
    let mut out = b"II*\0".to_vec();
    let mut link = out.len();
    out.extend(0u32.to_le_bytes());
    for page in pages {
        let data = out.len() as u32;
        out.extend(&page.values);
        if out.len() % 2 == 1 {
            out.push(0);
        }
        let resolution = out.len() as u32;
        // 300 dots an inch keeps Tesseract from guessing.
        out.extend([300u32, 1].iter().flat_map(|v| v.to_le_bytes()));
        let directory = out.len() as u32;
        out[link..link + 4].copy_from_slice(&directory.to_le_bytes());
        out.extend(ENTRIES.to_le_bytes());
        for (tag, kind, value) in [
            (256, LONG, page.width),
            (257, LONG, page.height),
            (258, SHORT, 8),
            (259, SHORT, 1),
            (262, SHORT, 1),
            (273, LONG, data),
            (277, SHORT, 1),
            (278, LONG, page.height),
            (279, LONG, page.values.len() as u32),
            (282, RATIONAL, resolution),
            (283, RATIONAL, resolution),
            (296, SHORT, 2),
        ] {
            out.extend(u16::to_le_bytes(tag));
            out.extend(kind.to_le_bytes());
            out.extend(1u32.to_le_bytes());
            out.extend(value.to_le_bytes());
        }
        link = out.len();
        out.extend(0u32.to_le_bytes());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_put_together_by_page() {
        let tsv = "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext\n\
                   1\t1\t0\t0\t0\t0\t0\t0\t9\t9\t-1\t\n\
                   5\t1\t1\t1\t1\t1\t0\t0\t9\t9\t96.5\t서울\n\
                   5\t1\t1\t1\t1\t2\t0\t0\t9\t9\t80\t강남구\n\
                   5\t3\t1\t1\t1\t1\t0\t0\t9\t9\t90\t1\n\
                   5\t9\t1\t1\t1\t1\t0\t0\t9\t9\t90\tbeyond\n";
        let texts: Vec<(String, f32)> =
            readings(tsv, 3).into_iter().map(|r| (r.text, r.confidence)).collect();
        assert_eq!(texts, [("서울 강남구".into(), 0.8), (String::new(), 0.0), ("1".into(), 0.9)]);
    }

    #[test]
    fn a_confidence_that_is_no_number_is_none() {
        let tsv = "5\t1\t1\t1\t1\t1\t0\t0\t9\t9\tnan\t서울\n";
        assert!(readings(tsv, 1) == [Reading { text: "서울".into(), confidence: 0.0 }]);
    }

    #[test]
    fn the_tiff_has_a_page_for_every_line() {
        let page = |width| Plane { width, height: 3, values: vec![7; width as usize * 3] };
        let (first, second) = (page(5), page(4));
        let bytes = tiff(&[&first, &second]);
        let read = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
        let directory = read(4);
        assert_eq!(&bytes[8..8 + 15], &[7; 15]);
        assert_eq!(read(directory + 2 + 8), 5);
        let next = read(directory + 2 + 12 * 12);
        assert_eq!(read(next + 2 + 8), 4);
        assert_eq!(read(next + 2 + 12 * 12), 0);
    }

    #[test]
    fn a_missing_program_is_named() {
        let fault = Tesseract::at("/nowhere/tesseract", Duration::from_secs(1)).unwrap_err();
        assert_eq!(fault, ModelFault::Missing("tesseract".into()));
    }

    #[test]
    fn a_program_that_hangs_is_killed() {
        let sleeper =
            Tesseract { program: "sleep".into(), name: String::new(), limit: Duration::from_millis(50) };
        let fault = sleeper.run(&["600"], Vec::new()).unwrap_err();
        assert_eq!(fault, ModelFault::TimedOut { limit_ms: 50 });
    }
}
