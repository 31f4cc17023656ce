// Imports the first version of WASI 0.2, and nothing else.
__attribute__((import_module("wasi:io/streams@0.2.0"),
               import_name("[resource-drop]output-stream"))) void
drop_output(int self);

__attribute__((export_name("close"))) void close_output(int output) {
  drop_output(output);
}
