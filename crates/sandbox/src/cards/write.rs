//! Writes the specimens to a directory, for tests and for cameras that read files.
//!
//! Refuses to know who asks. Each person has a directory named by the id.

use std::fs;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use super::pixels::{CardFault, png_bytes, render_card};
use super::scene::{Scene, render_photo};
use super::video::{Film, render_video_mjpeg, render_video_y4m};
use super::{SpecimenPerson, portrait_svg};

/// Which moving pictures are written beside the still ones.
#[derive(Clone, Debug, PartialEq)]
pub enum Videos {
    /// None.
    None,
    /// `video.mjpeg`: 5 to 10 MB a person at the default size.
    Mjpeg(Film),
    /// `video.y4m`: 130 MB a person at the default size.
    Y4m(Film),
}

/// Writes `portrait.svg`, `card.png`, `photo.jpg` and the chosen video for each person into `dir/{id}/`.
///
/// Faults: as `render_photo`; what the file system says. Files that are there are replaced.
pub fn write_specimens(dir: &Path, people: &[SpecimenPerson], videos: &Videos) -> Result<(), CardFault> {
    for person in people {
        let own = dir.join(&person.id);
        fs::create_dir_all(&own)?;
        fs::write(own.join("portrait.svg"), portrait_svg(&person.portrait))?;
        fs::write(own.join("card.png"), png_bytes(&render_card(person, 1284)?)?)?;
        fs::write(own.join("photo.jpg"), render_photo(person, &Scene::default())?)?;
        match videos {
            Videos::None => {}
            Videos::Mjpeg(film) => {
                let mut file = BufWriter::new(fs::File::create(own.join("video.mjpeg"))?);
                render_video_mjpeg(person, film, &mut file)?;
                file.flush()?;
            }
            Videos::Y4m(film) => {
                let mut file = BufWriter::new(fs::File::create(own.join("video.y4m"))?);
                render_video_y4m(person, film, &mut file)?;
                file.flush()?;
            }
        }
    }
    Ok(())
}
