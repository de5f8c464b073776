namespace CtfService.Datasets.Finishing;

/// <summary>A file of a data set that is written when all shards are complete.</summary>
/// <param name="WriteAsync">Writes the content. A seekable stream gives an <c>.npz</c> file that also readers without its directory understand.</param>
public sealed record FinalFile(string Name, Func<Stream, CancellationToken, Task> WriteAsync);
