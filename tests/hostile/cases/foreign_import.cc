// A decent handler that asks for an interface that no host offers.
#define HOSTILE_CASE ask
#include "hostile.h"

extern "C" __attribute__((import_module("pear:hostile/oracle@0.1.0"), import_name("answer"))) u32
oracle_answer();

HOSTILE(ask) {
  request_drop(request);
  answer(outparam, oracle_answer() == 42 ? "42" : "not 42");
}
