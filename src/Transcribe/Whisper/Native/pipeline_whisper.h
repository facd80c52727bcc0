/* The part of whisper.cpp this project uses, behind structs of its own.
 *
 * whisper.cpp changes the layout of its parameter struct between releases; a caller that mirrors it by hand reads garbage
 * after an update. Here only the compiler that builds whisper.cpp knows its structs. The caller and this library agree on
 * the few flat structs below: each begins with its own size, which is checked on every call.
 *
 * A model may be shared by threads; a state belongs to one thread at a time. Free all states before their model. */
#ifndef PIPELINE_WHISPER_H
#define PIPELINE_WHISPER_H

#include <stdint.h>

#define PIPELINE_WHISPER_LAYOUT 3

#define PW_API __attribute__((visibility("default")))

/* Results below zero and above -100 are whisper_full's own. */
enum pw_result {
    PW_OK = 0,
    PW_STATE_LOST = -7,       /* the library has freed the state itself: do not free it again */
    PW_BAD_LAYOUT = -100,     /* a struct of another size than this library was built with */
    PW_EXCEPTION = -101,      /* a C++ exception; pw_last_error says which */
    PW_BAD_ARGUMENT = -102,   /* no samples, an unknown language, more than 8 beams, an audio context beyond the model's */
    PW_NO_ROOM = -103         /* the caller's buffers are too small */
};

typedef struct pw_options {
    int32_t size;
    int32_t threads;
    int32_t audio_context;    /* encoder positions of 20 ms */
    int32_t max_tokens;       /* bounds what a decoder caught in a loop can cost */
    int32_t beam_size;        /* hypotheses that are followed at once; 1: the likeliest token, always */
    float temperature_step;   /* what looks wrong is decoded again, each time so much more at random, up to 1; 0: never */
    int32_t translate;        /* 1: the words are English, whatever is spoken */
    int32_t reserved;
    const char *language;     /* "en", or "auto": what is heard is found out; never null */
    const char *prompt;       /* may be null */
} pw_options;

typedef struct pw_token {
    int32_t text_offset;      /* into pw_output.text; one token may be part of a UTF-8 character */
    int32_t text_length;      /* bytes */
    int32_t start_cs;         /* centiseconds from the first sample */
    int32_t end_cs;
    float probability;        /* 0 ... 1 */
} pw_token;

typedef struct pw_output {
    int32_t size;
    int32_t token_capacity;
    int32_t text_capacity;    /* bytes */
    int32_t token_count;      /* out */
    int32_t text_length;      /* out, bytes */
    int32_t reserved;
    char language[8];         /* out, terminated: what was recognised, "en" */
    pw_token *tokens;         /* owned by the caller */
    char *text;               /* owned by the caller; not terminated */
} pw_output;

typedef struct pw_model pw_model;
typedef struct pw_state pw_state;

#ifdef __cplusplus
extern "C" {
#endif

PW_API int32_t pw_layout(void);
/* The version of whisper.cpp, a static string. */
PW_API const char *pw_engine_version(void);
/* Null when the file is no model that can be loaded; pw_last_error says why. use_gpu: 1 takes the first GPU, where the library was
 * built with a backend for it and there is one; else the processor. */
PW_API pw_model *pw_model_load(const char *path, int32_t use_gpu);
PW_API void pw_model_free(pw_model *model);
PW_API int32_t pw_model_audio_context(pw_model *model);
/* Null when there is no memory for it. */
PW_API pw_state *pw_state_new(pw_model *model);
PW_API void pw_state_free(pw_state *state);
/* Recognises 16 kHz mono samples (-1 ... 1) as one segment. Special and time tokens are left out. */
PW_API int32_t pw_run(pw_model *model, pw_state *state, const float *samples, int32_t count, const pw_options *options, pw_output *output);
/* Copies the newest error line of this process, terminated, cut to the capacity. */
PW_API void pw_last_error(char *text, int32_t capacity);

#ifdef __cplusplus
}
#endif
#endif
