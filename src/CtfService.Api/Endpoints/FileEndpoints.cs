using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using CtfService.Api.Bodies;
using CtfService.Api.Contracts;
using CtfService.Api.Errors;
using CtfService.Api.Files;
using CtfService.Api.Responses;
using CtfService.Api.Security;
using CtfService.Api.Validation;
using CtfService.Jobs.Work;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace CtfService.Api.Endpoints;

/// <summary>Uploads and downloads files, in the shape of OpenAI's Files API.</summary>
internal static class FileEndpoints
{
    private const int MaxPage = 10_000;

    private const string Ascending = "asc";

    private const string Descending = "desc";

    public static IServiceCollection AddFileEndpoints(this IServiceCollection services) => services
        .AddSingleton<FileUploadReader>()
        .AddSingleton<UserFiles>();

    public static void MapFileEndpoints(this IEndpointRouteBuilder routes)
    {
        var jobs = routes.ServiceProvider.GetRequiredService<JobsOptions>();
        var files = routes.MapGroup(FileRoutes.Group).WithTags("Files").AddEndpointFilter<RouteGroupBuilder, RefusalFilter>();
        files.MapPost("", Upload)
            .WithName("UploadFile")
            .WithSummary("Upload a file")
            .WithDescription(
                "Stores the requests of a batch (JSON Lines), or a picture that they name. The file streams to the storage and appears when it is complete. "
                + "It belongs to the key that uploaded it, and is deleted when it expires.")
            .Accepts<UploadFileRequest>(MediaTypes.Form)
            .WithMetadata(
                new RequestSizeLimitAttribute(FileUploadReader.MaxBodyBytes(jobs)),
                new BodyTimeLimit(jobs.UploadTimeout, $"{JobsOptions.SectionName}:{nameof(JobsOptions.UploadTimeout)}"))
            .Produces<FileEntry>()
            .ProducesErrors(400, 408, 413, 415, 503);
        files.MapGet("", List)
            .WithName("ListFiles")
            .WithSummary("List your files")
            .WithDescription("Returns the files of the caller's key, newest first unless order is asc. For the next page, send last_id as after.")
            .Produces<FileListResponse>()
            .ProducesErrors(400, 503);
        files.MapGet("{id}", Get)
            .WithName("GetFile")
            .WithSummary("Describe a file")
            .WithDescription("Returns the name, purpose, length and times of a file. Its content is at /v1/files/{id}/content.")
            .ProducesErrors(404, 503);
        files.MapDelete("{id}", Delete)
            .WithName("DeleteFile")
            .WithSummary("Delete a file")
            .WithDescription("Deletes the file and its content. A batch that has not read it yet fails.")
            .ProducesErrors(404, 503);
        files.MapGet("{id}/content", Download)
            .WithName("DownloadFile")
            .WithSummary("Download a file")
            .WithDescription("Sends the content. Range, If-Range, If-None-Match and HEAD work, so an interrupted download can be resumed.")
            .ProducesStoredFile();
    }

    private static async Task<Ok<FileEntry>> Upload(UserFiles files, JobOwner owner, HttpContext http) =>
        TypedResults.Ok(FileEntry.From(await files.ReceiveAsync(http.Request, owner.Tenant, http.RequestAborted)));

    private static async Task<Ok<FileListResponse>> List(
        UserFiles files,
        JobOwner owner,
        HttpContext http,
        [Description("Only files with this purpose."), AllowedValues(FilePurposes.Batch, FilePurposes.BatchOutput)] string? purpose = null,
        [Description("Most files to return; 10,000 if absent."), Range(1, MaxPage)] int? limit = null,
        [Description("Order by time of creation; desc, newest first, if absent."), AllowedValues(Ascending, Descending)] string? order = null,
        [Description("Id of the last file of the previous page.")] string? after = null)
    {
        var problems = new RequestProblems();
        problems.RequireOneOf(purpose, FilePurposes.All, "purpose");
        problems.RequireRange(limit, 1, MaxPage, "limit");
        problems.RequireOneOf(order, [Ascending, Descending], "order");
        problems.ThrowIfAny();
        var (found, hasMore) = await files.ListAsync(
            owner.Tenant, purpose, after, limit ?? MaxPage, newestFirst: order != Ascending, http.RequestAborted);
        var page = found.Select(FileEntry.From).ToList();
        return TypedResults.Ok(new FileListResponse("list", page, page.FirstOrDefault()?.Id, page.LastOrDefault()?.Id, hasMore));
    }

    private static async Task<Ok<FileEntry>> Get(UserFiles files, JobOwner owner, HttpContext http, [Description("Id of the file.")] string id) =>
        TypedResults.Ok(FileEntry.From(await files.FindAsync(owner.Tenant, id, http.RequestAborted)));

    private static async Task<Ok<FileDeletedResponse>> Delete(UserFiles files, JobOwner owner, HttpContext http, [Description("Id of the file.")] string id)
    {
        await files.DeleteAsync(owner.Tenant, id, http.RequestAborted);
        return TypedResults.Ok(new FileDeletedResponse(id, "file", Deleted: true));
    }

    private static async Task<IResult> Download(UserFiles files, JobOwner owner, HttpContext http, [Description("Id of the file.")] string id) =>
        await files.DownloadAsync(owner.Tenant, id, http.RequestAborted);
}
