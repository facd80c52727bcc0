using Pipeline.Transcribe.Whisper;

return Worker.Run(args);
