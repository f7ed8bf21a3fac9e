/* The loop over the entries of one block, for `bundle`, which has the same loop in Python.

   This part knows one layout, the one that TensorFlow writes, and no rules: at the first entry
   that is laid out in another way, or whose dtype and shape are not in the memo, it stops and
   says where. The loop in Python takes that entry, and every error is raised there. So nothing
   is decided here that is not decided in Python, and a wrong entry need not be told from a
   rare one.

   An entry is three varints (bytes of the key that are shared with the key before, bytes that
   are not, bytes of the value), those bytes of the key, and the value. A value begins

       08 <dtype> 12 <length> <shape>

   and these first bytes, its head, are what the memo knows.

   Every length is held against what is left of the block before it is used. Positions are
   below 2^26, the limit of a block, and lengths below 2^14, so that no sum overflows.

   It is built with CPython's stable interface: one file serves Python 3.10 and later. */

#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030a0000
#include <Python.h>
#include <string.h>

#define INTERFACE 1          /* `compiled.py` refuses a file that says another number */
#define MAX_KEY_BYTES 4096   /* as in `table.py`; longer keys are for the loop in Python */
#define MAX_VARINT_BYTES 2   /* likewise lengths of more */
#define RECENT 32            /* heads met last; a power of two */
#define MAX_RECENT_BYTES 24

/* A head that was met before in this call. `kind` is borrowed: the list of kinds holds it. */
typedef struct {
    unsigned char bytes[MAX_RECENT_BYTES];
    Py_ssize_t count;
    PyObject *kind;
} Head;

/* Where the loop is: what it reads, and the key of the entry before. */
typedef struct {
    const unsigned char *data;
    Py_ssize_t pos, end;
    unsigned char key[MAX_KEY_BYTES];
    Py_ssize_t key_bytes;
    Head recent[RECENT];
} Loop;

/* One entry: where its own bytes of the key and its value are, as positions. */
typedef struct {
    Py_ssize_t shared, unshared, key_start, value, next;
} Entry;

/* The length at *pos, which moves behind it; -1 if it takes more than two bytes. */
static Py_ssize_t
read_length(const Loop *loop, Py_ssize_t *pos)
{
    Py_ssize_t length = 0;
    for (int i = 0; i < MAX_VARINT_BYTES && *pos < loop->end; i++) {
        const unsigned char byte = loop->data[(*pos)++];
        length |= (Py_ssize_t)(byte & 0x7f) << (7 * i);
        if (byte < 0x80) {
            return length;
        }
    }
    return -1;
}

/* Find the parts of the entry at loop->pos; 0 if it is for the loop in Python. */
static int
find_entry(const Loop *loop, Entry *entry)
{
    Py_ssize_t pos = loop->pos;
    const Py_ssize_t shared = read_length(loop, &pos);
    const Py_ssize_t unshared = read_length(loop, &pos);
    const Py_ssize_t value_bytes = read_length(loop, &pos);
    if (shared < 0 || unshared < 0 || value_bytes < 0) {
        return 0;
    }
    if (shared > loop->key_bytes || shared + unshared > MAX_KEY_BYTES) {
        return 0;
    }
    if (unshared + value_bytes > loop->end - pos) {
        return 0;
    }
    entry->shared = shared;
    entry->unshared = unshared;
    entry->key_start = pos;
    entry->value = pos + unshared;
    entry->next = pos + unshared + value_bytes;
    return 1;
}

/* Whether the key of an entry is greater than the one before, from which it takes its start. */
static int
ascends(const Loop *loop, const Entry *entry)
{
    const Py_ssize_t before = loop->key_bytes - entry->shared;
    const Py_ssize_t common = before < entry->unshared ? before : entry->unshared;
    const int order = memcmp(loop->data + entry->key_start, loop->key + entry->shared,
                             (size_t)common);
    return order > 0 || (order == 0 && entry->unshared > before);
}

/* The length of the head of an entry's value, 0 if that does not begin with a whole one. */
static Py_ssize_t
head_bytes(const Loop *loop, const Entry *entry)
{
    const Py_ssize_t left = entry->next - entry->value;
    if (left < 4) {
        return 0;
    }
    const Py_ssize_t count = 4 + (Py_ssize_t)loop->data[entry->value + 3];
    return count <= left ? count : 0;
}

static Head *
recent_place(Loop *loop, const unsigned char *head, Py_ssize_t count)
{
    unsigned int hash = (unsigned int)count;
    for (Py_ssize_t i = 1; i < count; i++) {
        hash = hash * 31 + head[i];
    }
    return &loop->recent[(hash ^ hash >> 5) & (RECENT - 1)];
}

/* The (dtype, shape) that an entry's value means, borrowed; NULL, perhaps with an error set,
   if it is for the loop in Python to say. */
static PyObject *
known_kind(Loop *loop, const Entry *entry, PyObject *memo)
{
    const Py_ssize_t count = head_bytes(loop, entry);
    if (count == 0) {
        return NULL;
    }
    const unsigned char *head = loop->data + entry->value;
    Head *recent = NULL;
    if (count <= MAX_RECENT_BYTES) {
        recent = recent_place(loop, head, count);
        if (recent->count == count && memcmp(recent->bytes, head, (size_t)count) == 0) {
            return recent->kind;
        }
    }
    PyObject *text = PyUnicode_DecodeLatin1((const char *)head, count, NULL);
    if (text == NULL) {
        return NULL;
    }
    PyObject *kind = PyDict_GetItemWithError(memo, text);
    Py_DECREF(text);
    if (kind != NULL && recent != NULL) {
        memcpy(recent->bytes, head, (size_t)count);
        recent->count = count;
        recent->kind = kind;
    }
    return kind;
}

/* Make loop->key that of an entry, and append it; 0 with an error set if that fails. */
static int
append_name(Loop *loop, const Entry *entry, PyObject *names)
{
    memcpy(loop->key + entry->shared, loop->data + entry->key_start, (size_t)entry->unshared);
    loop->key_bytes = entry->shared + entry->unshared;
    PyObject *name = PyUnicode_DecodeLatin1((const char *)loop->key, loop->key_bytes, NULL);
    if (name == NULL) {
        return 0;
    }
    const int failed = PyList_Append(names, name);
    Py_DECREF(name);
    return failed == 0;
}

/* Append entries until `stop` is reached or one is not common; the bytes of their names. */
static Py_ssize_t
run(Loop *loop, Py_ssize_t stop, PyObject *names, PyObject *kinds, PyObject *memo)
{
    Py_ssize_t names_bytes = 0;
    Entry entry;
    while (loop->pos < stop && find_entry(loop, &entry) && ascends(loop, &entry)) {
        if (kinds != Py_None) {
            PyObject *kind = known_kind(loop, &entry, memo);
            if (kind == NULL) {
                return PyErr_Occurred() ? -1 : names_bytes;
            }
            if (PyList_Append(kinds, kind) < 0) {
                return -1;
            }
        }
        if (!append_name(loop, &entry, names)) {
            return -1;
        }
        names_bytes += loop->key_bytes;
        loop->pos = entry.next;
    }
    return names_bytes;
}

/* Begin at `pos` of a block, with the key before it; 0 with an error set if that is none. */
static int
begin(Loop *loop, PyObject *data, Py_ssize_t pos, Py_ssize_t end, PyObject *key)
{
    loop->data = (const unsigned char *)PyBytes_AsString(data);
    loop->pos = pos;
    loop->end = end;
    for (int i = 0; i < RECENT; i++) {
        loop->recent[i].count = 0;
    }
    if (pos < 0 || end > PyBytes_Size(data) || end > PY_SSIZE_T_MAX / 2) {
        PyErr_SetString(PyExc_ValueError, "a stretch outside of its block");
        return 0;
    }
    PyObject *encoded = PyUnicode_AsLatin1String(key);
    if (encoded == NULL) {
        return 0;
    }
    loop->key_bytes = PyBytes_Size(encoded);
    if (loop->key_bytes > MAX_KEY_BYTES) {
        Py_DECREF(encoded);
        PyErr_SetString(PyExc_ValueError, "a key that is too long");
        return 0;
    }
    memcpy(loop->key, PyBytes_AsString(encoded), (size_t)loop->key_bytes);
    Py_DECREF(encoded);
    return 1;
}

PyDoc_STRVAR(stretch_doc,
"stretch(data, pos, stop, end, key, names, kinds, memo) -> (pos, key, names_bytes)\n\n"
"Append the entries of data[:end] from `pos` to `stop`, or to the first that is not common;\n"
"where that is, the last key, and how long the names are together. With `kinds` None the\n"
"values are passed by.");

static PyObject *
stretch(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *data, *key, *names, *kinds, *memo;
    Py_ssize_t pos, stop, end;
    Loop loop;
    if (!PyArg_ParseTuple(args, "SnnnUOOO:stretch", &data, &pos, &stop, &end, &key, &names,
                          &kinds, &memo)) {
        return NULL;
    }
    if (!PyList_Check(names) || !PyDict_Check(memo) ||
        !(kinds == Py_None || PyList_Check(kinds))) {
        PyErr_SetString(PyExc_TypeError, "names and kinds are lists, the memo is a dict");
        return NULL;
    }
    if (!begin(&loop, data, pos, end, key)) {
        return NULL;
    }
    const Py_ssize_t names_bytes = run(&loop, stop, names, kinds, memo);
    if (names_bytes < 0) {
        return NULL;
    }
    PyObject *last = PyUnicode_DecodeLatin1((const char *)loop.key, loop.key_bytes, NULL);
    if (last == NULL) {
        return NULL;
    }
    return Py_BuildValue("nNn", loop.pos, last, names_bytes);
}

static PyMethodDef methods[] = {
    {"stretch", stretch, METH_VARARGS, stretch_doc},
    {NULL, NULL, 0, NULL},
};

static int
execute(PyObject *module)
{
    return PyModule_AddIntConstant(module, "INTERFACE", INTERFACE);
}

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, (void *)execute},
    {0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_loop",
    .m_doc = "The loop over the entries of a block, compiled.",
    .m_size = 0,
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC
PyInit__loop(void)
{
    return PyModuleDef_Init(&definition);
}
