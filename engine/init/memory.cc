#include "engine/init/memory.h"

// Compiled with -fno-tree-loop-distribute-patterns, lest each loop become a call of itself.

extern "C" {

void* memcpy(void* to, const void* from, std::size_t size) {
  auto* target = (unsigned char*)to;
  const auto* source = (const unsigned char*)from;
  while (size-- != 0) *target++ = *source++;
  return to;
}

void* memmove(void* to, const void* from, std::size_t size) {
  auto* target = (unsigned char*)to;
  const auto* source = (const unsigned char*)from;
  if (target < source) return memcpy(to, from, size);
  while (size-- != 0) target[size] = source[size];
  return to;
}

void* memset(void* to, int value, std::size_t size) {
  auto* target = (unsigned char*)to;
  while (size-- != 0) *target++ = (unsigned char)value;
  return to;
}

int memcmp(const void* left, const void* right, std::size_t size) {
  const auto* a = (const unsigned char*)left;
  const auto* b = (const unsigned char*)right;
  for (; size-- != 0; ++a, ++b) {
    if (*a != *b) return *a - *b;
  }
  return 0;
}

}  // extern "C"
