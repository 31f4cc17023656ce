// Cases that look at what a fresh memory holds.
#include "probe.h"

enum { kPage = 4096, kPages = 1024, kMark = 0x5a };

// Pages that start as zeroes, and pages that start as the component's own bytes.
static volatile u8 zeroed[kPages * kPage];
static volatile u8 initialised[64 * kPage] = {[0] = 1, [64 * kPage - 1] = 1};

static u32 mark(volatile u8* memory, u32 pages) {
  u32 marked_before = 0;
  for (u32 page = 0; page < pages; page += 2) {
    volatile u8* byte = memory + page * kPage + page;
    if (*byte == kMark) marked_before++;
    *byte = kMark;
  }
  return marked_before;
}

// Writes to every second page, and says how many it found written.
static void scatter(void) {
  say_number(mark(zeroed, kPages) + mark(initialised, 64));
}

const probe_case cases[] = {{"scatter", scatter}, {0, 0}};
