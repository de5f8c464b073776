using System.Text;
using CtfService.Api.Bodies;
using CtfService.Api.Contracts;
using CtfService.Api.Errors;
using CtfService.Jobs.Work;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;

namespace CtfService.Api.Files;

/// <summary>
/// Receives the form of an upload part by part. The file goes straight to the store, whether it precedes or follows the text fields. Thread-safe.
/// </summary>
internal sealed class FileUploadReader(JobsOptions jobs)
{
    private const string File = "file";

    private const int MaxParts = 16;

    private const int BufferBytes = 64 * 1_024;

    private const int MaxBoundaryLength = 70; // RFC 2046, 5.1.1

    /// <summary>Room for the text fields and for what multipart adds, bytes.</summary>
    public const int MarginBytes = 64 * 1_024;

    /// <summary>Largest body of an upload, bytes.</summary>
    public static long MaxBodyBytes(JobsOptions jobs) => jobs.MaxFileBytes + MarginBytes;

    public static ApiError TooLarge(JobsOptions jobs) => new(
        StatusCodes.Status413PayloadTooLarge,
        $"The file is larger than {jobs.MaxFileBytes} bytes, the limit in Jobs:MaxFileBytes. Split it, or raise the limit.",
        "body_too_large",
        File);

    /// <param name="target">Receives the content of the file.</param>
    /// <exception cref="RequestRefusedException">The form is invalid. Part of the content may have been written.</exception>
    public async Task<FileUpload> ReadAsync(HttpRequest request, Stream target, CancellationToken cancellation)
    {
        if (request.ContentLength > MaxBodyBytes(jobs))
        {
            throw new RequestRefusedException(TooLarge(jobs));
        }

        var form = new FileUploadForm();
        try
        {
            await ReadPartsAsync(new MultipartReader(Boundary(request), request.Body, BufferBytes), form, target, cancellation);
        }
        catch (BadHttpRequestException tooLarge) when (tooLarge.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            throw new RequestRefusedException(TooLarge(jobs));
        }
        catch (Exception damaged) when (damaged is InvalidDataException or IOException and not BadHttpRequestException)
        {
            throw UploadReader.Malformed(damaged);
        }

        return form.Complete();
    }

    private async Task ReadPartsAsync(MultipartReader parts, FileUploadForm form, Stream target, CancellationToken cancellation)
    {
        for (var count = 1; await parts.ReadNextSectionAsync(cancellation) is { } part; count++)
        {
            if (count > MaxParts)
            {
                throw new InvalidDataException($"it has more than {MaxParts} parts");
            }

            var disposition = part.GetContentDispositionHeader() ?? throw new InvalidDataException("a part has no Content-Disposition");
            var name = HeaderUtilities.RemoveQuotes(disposition.Name).Value ?? throw new InvalidDataException("a part has no name");
            if (name == File && disposition.IsFileDisposition())
            {
                form.Begin(FileNameOf(disposition));
                form.End(await CopyAsync(part.Body, target, cancellation));
            }
            else if (name == File)
            {
                form.NotAFile();
            }
            else
            {
                form.Add(name, disposition.IsFileDisposition() ? null : await TextAsync(part.Body, cancellation));
            }
        }
    }

    private async Task<long> CopyAsync(Stream part, Stream target, CancellationToken cancellation)
    {
        var buffer = new byte[BufferBytes];
        var length = 0L;
        for (int count; (count = await part.ReadAsync(buffer, cancellation)) > 0;)
        {
            length += count;
            if (length > jobs.MaxFileBytes)
            {
                throw new RequestRefusedException(TooLarge(jobs));
            }

            await target.WriteAsync(buffer.AsMemory(0, count), cancellation);
        }

        return length;
    }

    /// <summary>Reads a text field; of a longer one, a byte more than a field may have.</summary>
    private static async Task<string> TextAsync(Stream part, CancellationToken cancellation)
    {
        var buffer = new byte[FileUploadForm.MaxTextBytes + 1];
        var length = await part.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellation);
        return Encoding.UTF8.GetString(buffer, 0, length);
    }

    /// <summary>Clients escape quotes in names; only some escape backslashes.</summary>
    private static string FileNameOf(ContentDispositionHeaderValue disposition) => disposition.FileNameStar.HasValue
        ? disposition.FileNameStar.ToString()
        : HeaderUtilities.RemoveQuotes(disposition.FileName).ToString().Replace("\\\"", "\"", StringComparison.Ordinal);

    private static string Boundary(HttpRequest request)
    {
        if (!MediaTypeHeaderValue.TryParse(request.ContentType, out var type) || !ContentTypes.Is(request, MediaTypes.Form))
        {
            throw new RequestRefusedException(StatusErrors.Describe(request, StatusCodes.Status415UnsupportedMediaType));
        }

        var boundary = HeaderUtilities.RemoveQuotes(type.Boundary).Value;
        return boundary is { Length: > 0 and <= MaxBoundaryLength }
            ? boundary
            : throw UploadReader.Malformed(new InvalidDataException($"the Content-Type has no boundary of 1 to {MaxBoundaryLength} characters"));
    }
}
