namespace CtfService.Api.Files;

/// <summary>The form of an upload, checked. Its content has gone to the store.</summary>
/// <param name="FileName">Without folders and control characters.</param>
/// <param name="Lifetime">Null if the form does not name one.</param>
internal sealed record FileUpload(string FileName, long Bytes, string Purpose, TimeSpan? Lifetime);
