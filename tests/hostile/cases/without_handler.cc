// A component that offers a number, and no handler.
extern "C" __attribute__((export_name("answer"))) unsigned answer() {
  return 42;
}
