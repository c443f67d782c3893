/* Loads a SavedModel with TensorFlow's C API, runs one signature, writes its outputs to files.

   run_saved_model MODEL OUT INPUT uint8 B H W C FILE OUTPUT...
   run_saved_model MODEL OUT INPUT string B FILE... OUTPUT...

   INPUT, OUTPUT: "operation:index". FILE: raw bytes of the tensor; of one string each.
   Output n goes to OUT/n.0; of a (B,) string output element i goes to OUT/n.i. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tensorflow/c/c_api.h"

static void fail(const char *what, const char *why) {
  fprintf(stderr, "%s: %s\n", what, why);
  exit(1);
}

static void check(const TF_Status *status, const char *what) {
  if (TF_GetCode(status) != TF_OK) fail(what, TF_Message(status));
}

static void *allocate(size_t size) {
  void *memory = malloc(size ? size : 1);
  if (!memory) fail("malloc", "no memory");
  return memory;
}

static char *read_file(const char *path, size_t *size) {
  FILE *file = fopen(path, "rb");
  if (!file || fseek(file, 0, SEEK_END)) fail(path, "cannot be read");
  *size = (size_t)ftell(file);
  rewind(file);
  char *data = allocate(*size);
  if (fread(data, 1, *size, file) != *size) fail(path, "cannot be read");
  fclose(file);
  return data;
}

static void write_file(const char *folder, int output, int element, const void *data, size_t size) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%d.%d", folder, output, element);
  FILE *file = fopen(path, "wb");
  if (!file || fwrite(data, 1, size, file) != size || fclose(file)) fail(path, "cannot be written");
}

static TF_Output find(TF_Graph *graph, const char *name) {
  char operation[1024];
  snprintf(operation, sizeof operation, "%s", name);
  char *colon = strrchr(operation, ':');
  if (!colon) fail(name, "not operation:index");
  *colon = 0;
  TF_Output found = {TF_GraphOperationByName(graph, operation), atoi(colon + 1)};
  if (!found.oper) fail(name, "not in the graph");
  return found;
}

/* arguments: B H W C FILE */
static TF_Tensor *image_tensor(char **arguments) {
  int64_t dims[4], count = 1;
  for (int i = 0; i < 4; i++) count *= dims[i] = atoll(arguments[i]);
  size_t size;
  char *data = read_file(arguments[4], &size);
  if (size != (size_t)count) fail(arguments[4], "not as long as its shape says");
  TF_Tensor *tensor = TF_AllocateTensor(TF_UINT8, dims, 4, size);
  memcpy(TF_TensorData(tensor), data, size);
  free(data);
  return tensor;
}

static TF_Tensor *string_tensor(int64_t count, char **files) {
  TF_Tensor *tensor = TF_AllocateTensor(TF_STRING, &count, 1, count * sizeof(TF_TString));
  TF_TString *strings = TF_TensorData(tensor);
  for (int64_t i = 0; i < count; i++) {
    size_t size;
    char *data = read_file(files[i], &size);
    TF_StringInit(&strings[i]);
    TF_StringCopy(&strings[i], data, size);
    free(data);
  }
  return tensor;
}

static void write_tensor(const char *folder, int output, const TF_Tensor *tensor) {
  const void *data = TF_TensorData(tensor);
  if (TF_TensorType(tensor) != TF_STRING) {
    write_file(folder, output, 0, data, TF_TensorByteSize(tensor));
    return;
  }
  const TF_TString *strings = data;
  for (int64_t i = 0; i < TF_TensorElementCount(tensor); i++)
    write_file(folder, output, (int)i, TF_StringGetDataPointer(&strings[i]),
               TF_StringGetSize(&strings[i]));
}

int main(int argc, char **argv) {
  if (argc < 7) fail("usage", "MODEL OUT INPUT (uint8 B H W C FILE | string B FILE...) OUTPUT...");
  TF_Status *status = TF_NewStatus();
  TF_Graph *graph = TF_NewGraph();
  TF_SessionOptions *options = TF_NewSessionOptions();
  const char *tags[] = {"serve"};
  TF_Session *session = TF_LoadSessionFromSavedModel(options, NULL, argv[1], tags, 1, graph, NULL,
                                                     status);
  check(status, argv[1]);

  int is_image = !strcmp(argv[4], "uint8");
  int first = is_image ? 10 : 6 + atoi(argv[5]);
  if (first >= argc) fail("usage", "too few arguments");
  int outputs = argc - first;
  TF_Output input = find(graph, argv[3]);
  TF_Tensor *fed = is_image ? image_tensor(argv + 5) : string_tensor(atoll(argv[5]), argv + 6);
  TF_Output *wanted = allocate(outputs * sizeof *wanted);
  TF_Tensor **found = allocate(outputs * sizeof *found);
  for (int i = 0; i < outputs; i++) wanted[i] = find(graph, argv[first + i]);

  TF_SessionRun(session, NULL, &input, &fed, 1, wanted, found, outputs, NULL, 0, NULL, status);
  check(status, "run");
  for (int i = 0; i < outputs; i++) {
    write_tensor(argv[2], i, found[i]);
    TF_DeleteTensor(found[i]);
  }
  TF_DeleteTensor(fed);
  TF_DeleteSession(session, status);
  TF_DeleteSessionOptions(options);
  TF_DeleteGraph(graph);
  TF_DeleteStatus(status);
  free(wanted);
  free(found);
  printf("TensorFlow %s\n", TF_Version());
  return 0;
}
