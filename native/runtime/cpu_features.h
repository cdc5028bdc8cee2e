#pragma once
// Which instruction set the kernels run on, chosen once at start (RUSHLIGHT_ISA can force a lower one) and switchable
// by tests.

namespace rl {

enum class Isa : int { baseline = 0, avx2 = 1, avx512 = 2 };  // on aarch64 only baseline (NEON) exists

Isa best_isa();                 // the widest this machine can run
Isa active_isa();               // the one in use
bool set_active_isa(Isa isa);   // false if the machine lacks it
const char* isa_name(Isa isa);  // "baseline", "avx2", "avx512"
bool parse_isa(const char* text, Isa* isa);

}  // namespace rl
