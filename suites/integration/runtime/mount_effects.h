// What the flags of a mount do to those who use it, seen from inside.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "harness/fixtures/case.h"

// Attempt to outcome: "execute" to "ok", or to "EACCES".
using Behaviour = std::map<std::string, std::string>;

// What a flag changes, and the word that mountinfo has for it.
struct Effect {
  unsigned long flag = 0;  // MS_NOEXEC and the like
  std::string shown;       // empty: mountinfo has no word for it
  Behaviour changes;
  bool relatime = true;  // the kernel's default policy for access times holds
};

extern const Effect kNoEffect;
extern const Effect kReadonly, kNoexec, kNosuid, kNodev, kNosymfollow;
extern const Effect kNoatime, kNodiratime, kStrictatime;

// Of a mount with the kernel's default flags, changed by `effect`.
Behaviour behaviour_with(const Effect& effect);

// Puts into the directory what behaviour_of() tries: files, a device node, a link, programs. The
// device and the program of another owner are not tried where this process may not make them.
// `probe`: a copy of the probe on the host.
void furnish(const std::filesystem::path& directory, const std::filesystem::path& probe);

// Commands that try everything on the furnished directory, as root without capabilities.
void try_everything(Bundle& bundle, const std::string& directory);
Behaviour behaviour_of(const Report& report, const std::string& directory);

// mountinfo shows the effect and no other flag.
void expect_shown(const Mount& mount, const Effect& effect);

// The mount shows the effect, and behaves so.
void expect_effect(const Report& report, const std::string& directory, const Effect& effect);
