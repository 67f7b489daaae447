// What a case owns, written down before it exists: whoever survives the case can clean it.
#pragma once

#include <filesystem>

#include "harness/sentinel/sentinel.h"

namespace seatrial::harness {

// Replaces the file. Call before the things are made; again when more is to be made.
void write_ledger(const std::filesystem::path& file, const sentinel::Owned& owned);

// An absent or empty file owns nothing: the case died before it made anything.
sentinel::Owned read_ledger(const std::filesystem::path& file);

}  // namespace seatrial::harness
