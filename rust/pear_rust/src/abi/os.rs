//! System calls without a safe form among our dependencies.

/// CLOCK_MONOTONIC in nanoseconds: the clock of `PearHost::wake_at`.
pub fn monotonic_ns() -> u64 {
    #[repr(C)]
    struct Timespec {
        seconds: i64,
        nanoseconds: i64,
    }
    unsafe extern "C" {
        fn clock_gettime(clock: i32, out: *mut Timespec) -> i32;
    }
    const CLOCK_MONOTONIC: i32 = 1;
    let mut now = Timespec { seconds: 0, nanoseconds: 0 };
    // SAFETY: `now` is a timespec of 64-bit Linux, the only target, and outlives the call.
    unsafe { clock_gettime(CLOCK_MONOTONIC, &mut now) };
    now.seconds as u64 * 1_000_000_000 + now.nanoseconds as u64
}

/// Fills a buffer with the kernel's random bytes.
pub fn fill_random(mut bytes: &mut [u8]) {
    while !bytes.is_empty() {
        // SAFETY: `bytes` is valid for writes of its length.
        let count = unsafe { libc::getrandom(bytes.as_mut_ptr().cast(), bytes.len(), 0) };
        // Fails only when a signal comes first: the buffer is ours, and every kernel that can be ours
        // has the call.
        bytes = &mut bytes[usize::try_from(count).unwrap_or(0)..];
    }
}
