// A component that serves nothing.
__attribute__((export_name("answer"))) int answer(void) {
  return 42;
}
