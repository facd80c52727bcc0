#include "pipeline_whisper.h"

#include <cstdio>
#include <cstring>
#include <exception>
#include <mutex>
#include <string>

#include "whisper.h"

namespace {

std::mutex error_lock;
std::string last_error;

void remember(const char *text) {
    std::lock_guard<std::mutex> hold(error_lock);
    last_error = text;
    while (!last_error.empty() && last_error.back() == '\n') last_error.pop_back();
}

// The engine prints dozens of lines for each model; only what went wrong is of interest.
void keep_errors(ggml_log_level level, const char *text, void *) {
    if (level == GGML_LOG_LEVEL_ERROR && text) remember(text);
}

whisper_context *context_of(pw_model *model) { return reinterpret_cast<whisper_context *>(model); }
whisper_state *state_of(pw_state *state) { return reinterpret_cast<whisper_state *>(state); }

// A model of English alone has nothing to find out; null for a language that the model cannot.
const char *language_of(whisper_context *context, const char *asked) {
    const bool find_out = std::strcmp(asked, "auto") == 0;
    if (!whisper_is_multilingual(context)) return find_out || std::strcmp(asked, "en") == 0 ? "en" : nullptr;
    return find_out || whisper_lang_id(asked) >= 0 ? asked : nullptr;
}

whisper_full_params parameters(const pw_options &options, const char *language) {
    const bool beam = options.beam_size > 1;
    whisper_full_params p = whisper_full_default_params(beam ? WHISPER_SAMPLING_BEAM_SEARCH : WHISPER_SAMPLING_GREEDY);
    p.n_threads = options.threads;
    p.audio_ctx = options.audio_context;
    p.max_tokens = options.max_tokens;
    p.language = language;
    p.initial_prompt = options.prompt;
    p.translate = options.translate != 0;

    p.greedy.best_of = beam ? options.beam_size : 1;   // at a temperature above 0 it is the number of tries
    p.beam_search.beam_size = beam ? options.beam_size : -1;
    p.temperature = 0.0f;
    p.temperature_inc = options.temperature_step;      // 0.2 decodes up to six times: not where somebody waits
    p.single_segment = true;     // exactly one pass of the encoder
    p.no_context = true;         // nothing of one job may reach the next: it may be another meeting's
    p.token_timestamps = true;
    p.suppress_nst = true;
    p.print_special = false;
    p.print_progress = false;
    p.print_realtime = false;
    p.print_timestamps = false;
    return p;
}

int32_t copy_tokens(whisper_context *context, whisper_state *state, pw_output *output) {
    const whisper_token first_special = whisper_token_eot(context);
    const int segments = whisper_full_n_segments_from_state(state);
    for (int s = 0; s < segments; s++) {
        const int tokens = whisper_full_n_tokens_from_state(state, s);
        for (int t = 0; t < tokens; t++) {
            const whisper_token_data data = whisper_full_get_token_data_from_state(state, s, t);
            if (data.id >= first_special) continue;

            const char *text = whisper_full_get_token_text_from_state(context, state, s, t);
            const int32_t length = static_cast<int32_t>(std::strlen(text));
            if (output->token_count == output->token_capacity) return PW_NO_ROOM;
            if (output->text_length + length > output->text_capacity) return PW_NO_ROOM;

            pw_token &token = output->tokens[output->token_count++];
            token.text_offset = output->text_length;
            token.text_length = length;
            token.start_cs = static_cast<int32_t>(data.t0);
            token.end_cs = static_cast<int32_t>(data.t1);
            token.probability = data.p;
            std::memcpy(output->text + output->text_length, text, length);
            output->text_length += length;
        }
    }
    return PW_OK;
}

// No exception may cross into the caller's runtime: it would end the process without a word.
template <typename Result, typename Body>
Result guarded(Result failed, Body body) {
    try {
        return body();
    } catch (const std::exception &e) {
        remember(e.what());
    } catch (...) {
        remember("an unknown exception");
    }
    return failed;
}

}  // namespace

int32_t pw_layout(void) { return PIPELINE_WHISPER_LAYOUT; }

const char *pw_engine_version(void) { return whisper_version(); }

pw_model *pw_model_load(const char *path, int32_t use_gpu) {
    return guarded<pw_model *>(nullptr, [&] {
        whisper_log_set(keep_errors, nullptr);
        whisper_context_params p = whisper_context_default_params();
        p.use_gpu = use_gpu != 0;
        p.flash_attn = false;    // on a CPU it reads padded rows without a mask: the audio of an earlier job
        return reinterpret_cast<pw_model *>(whisper_init_from_file_with_params_no_state(path, p));
    });
}

void pw_model_free(pw_model *model) { whisper_free(context_of(model)); }

int32_t pw_model_audio_context(pw_model *model) { return whisper_n_audio_ctx(context_of(model)); }

pw_state *pw_state_new(pw_model *model) {
    return guarded<pw_state *>(nullptr, [&] { return reinterpret_cast<pw_state *>(whisper_init_state(context_of(model))); });
}

void pw_state_free(pw_state *state) { whisper_free_state(state_of(state)); }

int32_t pw_run(pw_model *model, pw_state *state, const float *samples, int32_t count, const pw_options *options, pw_output *output) {
    if (options->size != static_cast<int32_t>(sizeof(pw_options))) return PW_BAD_LAYOUT;
    if (output->size != static_cast<int32_t>(sizeof(pw_output))) return PW_BAD_LAYOUT;
    output->token_count = 0;
    output->text_length = 0;
    if (samples == nullptr || count <= 0) return PW_BAD_ARGUMENT;
    const char *language = options->language == nullptr ? nullptr : language_of(context_of(model), options->language);
    if (language == nullptr) return PW_BAD_ARGUMENT;
    if (options->beam_size > 8) return PW_BAD_ARGUMENT;    // the engine has room for so many decoders
    if (options->audio_context > pw_model_audio_context(model)) return PW_BAD_ARGUMENT;

    return guarded<int32_t>(PW_EXCEPTION, [&] {
        const int result = whisper_full_with_state(context_of(model), state_of(state), parameters(*options, language), samples, count);
        if (result < 0) return static_cast<int32_t>(result);
        const char *heard = std::strcmp(language, "auto") == 0 ? whisper_lang_str(whisper_full_lang_id_from_state(state_of(state))) : language;
        std::snprintf(output->language, sizeof(output->language), "%s", heard ? heard : "");
        return copy_tokens(context_of(model), state_of(state), output);
    });
}

void pw_last_error(char *text, int32_t capacity) {
    std::lock_guard<std::mutex> hold(error_lock);
    std::snprintf(text, static_cast<size_t>(capacity), "%s", last_error.c_str());
}
