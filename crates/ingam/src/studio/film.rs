//! A moving picture of a card, for browsers' fake cameras: written while it is sent, so nothing of it is kept.

use axum::body::{Body, Bytes};
use ingam_sandbox::cards::{Film, Scene, SpecimenPerson, people, render_video_mjpeg, render_video_y4m};
use serde::Deserialize;
use std::io;
use tokio::sync::mpsc;

/// How the film is made; what is left out is as [`Film`] has it.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FilmQuery {
    frames: Option<u32>,
    fps: Option<u32>,
    width: Option<u32>,
    height: Option<u32>,
    card_width: Option<f32>,
}

impl FilmQuery {
    fn film(&self) -> Option<Film> {
        let good = Film::default();
        let (width, height) =
            (self.width.unwrap_or(good.scene.width), self.height.unwrap_or(good.scene.height));
        let card_width = self.card_width.unwrap_or(good.scene.card_width);
        let film = Film {
            frames: self.frames.unwrap_or(good.frames),
            fps: self.fps.unwrap_or(good.fps),
            scene: Scene { width, height, card_width, ..good.scene },
        };
        let fits = (1..=240).contains(&film.frames)
            && (1..=60).contains(&film.fps)
            && (160..=1920).contains(&width)
            && (160..=1920).contains(&height)
            && width % 2 == 0
            && height % 2 == 0
            && (0.2..=1.2).contains(&card_width);
        fits.then_some(film)
    }
}

/// The two forms that Chromium's `--use-file-for-fake-video-capture` takes.
#[derive(Debug, Clone, Copy)]
pub enum Form {
    /// YUV4MPEG2.
    Y4m,
    /// JPEGs one behind the other.
    Mjpeg,
}

/// A film of a person's card; nothing where there is no such person or the query is out of bounds.
pub fn film(person: &str, query: &FilmQuery, form: Form) -> Option<Body> {
    let person: SpecimenPerson = people().iter().find(|one| one.id == person)?.clone();
    let film = query.film()?;
    let (send, receive) = mpsc::channel(4);
    tokio::task::spawn_blocking(move || {
        let mut to = io::BufWriter::with_capacity(256 * 1024, Pipe(send.clone()));
        let made = match form {
            Form::Y4m => render_video_y4m(&person, &film, &mut to),
            Form::Mjpeg => render_video_mjpeg(&person, &film, &mut to),
        };
        let ended = made
            .map_err(|fault| io::Error::other(fault.to_string()))
            .and_then(|()| io::Write::flush(&mut to));
        if let Err(error) = ended {
            // Breaks the answer off, so that half a film is not taken for a whole one.
            let _ = send.blocking_send(Err(error));
        }
    });
    let stream = futures_util::stream::unfold(receive, |mut receive| async {
        receive.recv().await.map(|piece| (piece, receive))
    });
    Some(Body::from_stream(stream))
}

struct Pipe(mpsc::Sender<Result<Bytes, io::Error>>);

impl io::Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let piece = Bytes::copy_from_slice(bytes);
        self.0.blocking_send(Ok(piece)).map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
