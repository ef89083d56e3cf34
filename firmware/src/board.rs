//! What this program uses of ARM's MPS2 board with the AN386 image, which QEMU knows as `mps2-an386`.

use core::fmt;
use core::ptr::{read_volatile, with_exposed_provenance_mut, write_volatile};

/// The first serial line (a CMSDK APB UART).
pub struct Uart(());

impl Uart {
    const DATA: usize = 0x4000_4000;
    const STATE: usize = 0x4000_4004;
    const CONTROL: usize = 0x4000_4008;
    const BAUD_DIVISOR: usize = 0x4000_4010;
    const TRANSMITTER_FULL: u32 = 1;
    const TRANSMITTER_ON: u32 = 1;

    /// Switches the transmitter on: 115,200 baud at 25 MHz.
    pub fn new() -> Self {
        write(Self::BAUD_DIVISOR, 25_000_000 / 115_200);
        write(Self::CONTROL, Self::TRANSMITTER_ON);
        Self(())
    }
}

impl fmt::Write for Uart {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            while read(Self::STATE) & Self::TRANSMITTER_FULL != 0 {}
            write(Self::DATA, byte.into());
        }
        Ok(())
    }
}

/// Starts the processor anew, by its System Control Block.
pub fn reset() -> ! {
    const APPLICATION_INTERRUPT_AND_RESET_CONTROL: usize = 0xE000_ED0C;
    const KEY_AND_RESET_REQUEST: u32 = 0x05FA_0004;
    write(APPLICATION_INTERRUPT_AND_RESET_CONTROL, KEY_AND_RESET_REQUEST);
    loop {}
}

fn write(register: usize, value: u32) {
    // SAFETY: private to this module, which calls it with registers of this board alone: they are
    // mapped, aligned to 4, hold 32 bits, and no Rust object lies there.
    unsafe { write_volatile(with_exposed_provenance_mut(register), value) }
}

fn read(register: usize) -> u32 {
    // SAFETY: as in `write`; reading the one register that is read has no side effect.
    unsafe { read_volatile(with_exposed_provenance_mut::<u32>(register)) }
}
