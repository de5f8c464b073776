namespace CtfService.Datasets.Finishing;

/// <summary>A file of a data set that is written when all shards are complete.</summary>
/// <param name="WriteAsync">Writes the content to a stream that need not be seekable.</param>
public sealed record FinalFile(string Name, Func<Stream, CancellationToken, Task> WriteAsync);
