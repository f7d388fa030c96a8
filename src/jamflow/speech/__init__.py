"""Sound as all models share it: waveforms, mel, vocoder, recordings, Whisper. It knows nothing of the models."""
