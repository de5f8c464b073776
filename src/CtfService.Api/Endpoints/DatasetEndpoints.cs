using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using CtfService.Api.Contracts;
using CtfService.Api.Datasets;
using CtfService.Api.Errors;
using CtfService.Api.Idempotency;
using CtfService.Api.Security;
using CtfService.Api.Validation;
using CtfService.Inference.Routing;
using CtfService.Jobs.Work;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CtfService.Api.Endpoints;

/// <summary>Makes data sets: labelled images in files, as jobs that survive restarts.</summary>
internal static class DatasetEndpoints
{
    private const int MaxPage = 100;

    private const int DefaultPage = 20;

    private const string Id = "Id of the data set.";

    public static IServiceCollection AddDatasetEndpoints(this IServiceCollection services) => services
        .AddSingleton<DatasetRequestValidator>()
        .AddSingleton<JobQuota>()
        .AddSingleton<DatasetFormatCache>()
        .AddSingleton<ShardDrawing>()
        .AddSingleton<ShardFiles>()
        .AddSingleton<DatasetOutput>()
        .AddSingleton<DatasetFileList>()
        .AddSingleton<IJobHandler, DatasetJobHandler>()
        .AddSingleton<DatasetDescriber>()
        .AddSingleton<UserDatasets>()
        .AddSingleton<DatasetEvents>();

    public static void MapDatasetEndpoints(this IEndpointRouteBuilder routes)
    {
        var datasets = routes.MapGroup(DatasetRoutes.Group).WithTags("Data sets").AddEndpointFilter<RouteGroupBuilder, RefusalFilter>();
        datasets.MapPost("", Create)
            .WithName("CreateDataset")
            .WithSummary("Make a data set")
            .WithDescription(
                "Starts a job that draws the requested number of images of each class and stores them with their labels in the format that was asked for. "
                + "Requests for images take precedence: the job uses what they leave free. It survives restarts of the service, and its files depend on the "
                + "request, the seed and the model alone, not on interruptions. Everything is checked before the job starts.")
            .WithIdempotency()
            .ProducesErrors(400, 408, 413, 415, 429, 503);
        datasets.MapGet("", List)
            .WithName("ListDatasets")
            .WithSummary("List data sets")
            .WithDescription("Returns the data sets of the caller's key, newest first.")
            .ProducesErrors(400, 503);
        datasets.MapGet("{id}", Get)
            .WithName("GetDataset")
            .WithSummary("Describe a data set")
            .WithDescription("Returns what was asked for, how far it is and, at the end, the files.")
            .ProducesErrors(404, 503);
        datasets.MapDelete("{id}", Delete)
            .WithName("DeleteDataset")
            .WithSummary("Delete a data set")
            .WithDescription("Deletes a data set that has ended, with its files.")
            .ProducesErrors(404, 409, 503);
        datasets.MapPost("{id}/cancel", Cancel)
            .WithName("CancelDataset")
            .WithSummary("Cancel a data set")
            .WithDescription("Stops the job. The files that were finished by then remain. Has no effect if the job has ended.")
            .ProducesErrors(404, 503);
        datasets.MapGet("{id}/events", Events)
            .WithName("StreamDataset")
            .WithSummary("Follow a data set")
            .WithDescription(
                "Sends the data set as server-sent events: at once, after each change, and when the job has ended, followed by [DONE]. "
                + "A client that connects again gets the current state first.")
            .Produces<DatasetResponse>(StatusCodes.Status200OK, MediaTypes.EventStream)
            .ProducesErrors(404, 503);
        datasets.MapGet("{id}/files", Files)
            .WithName("ListDatasetFiles")
            .WithSummary("List the files of a data set")
            .WithDescription("While the job runs, the list has the files that are finished; they can be downloaded already. An npz file is made at the end.")
            .ProducesErrors(404, 503);
        datasets.MapGet("{id}/files/{name}", Download)
            .WithName("DownloadDatasetFile")
            .WithSummary("Download a file of a data set")
            .WithDescription("Sends the file. Range, If-Range, If-None-Match and HEAD work, so an interrupted download can be resumed.")
            .Produces<Stream>(StatusCodes.Status200OK, "application/octet-stream")
            .Produces(StatusCodes.Status304NotModified)
            .ProducesErrors(404, 416, 503);
    }

    private static async Task<Ok<DatasetResponse>> Create(
        DatasetRequest body,
        DatasetRequestValidator validator,
        IModelRouter router,
        UserDatasets datasets,
        DatasetDescriber describer,
        KeyedJobs keyed,
        JobOwner owner,
        HttpContext http)
    {
        var (id, created) = await keyed.ChooseAsync(http, owner.Tenant, DatasetSpecification.Kind, UserDatasets.Prefix);
        if (created is not null)
        {
            return TypedResults.Ok(describer.Describe(created));
        }

        using var lease = router.Lease();
        var asked = validator.Validate(body, lease.Model);
        return TypedResults.Ok(await datasets.CreateAsync(id, asked, owner, http.RequestAborted));
    }

    private static async Task<Ok<DatasetListResponse>> List(
        UserDatasets datasets,
        JobOwner owner,
        HttpContext http,
        [Description("Id of the last data set of the previous page.")] string? after = null,
        [Description("Most data sets to return; 20 if absent."), Range(1, MaxPage)] int? limit = null)
    {
        var problems = new RequestProblems();
        problems.RequireRange(limit, 1, MaxPage, "limit");
        problems.ThrowIfAny();
        return TypedResults.Ok(await datasets.ListAsync(owner, after, limit ?? DefaultPage, http.RequestAborted));
    }

    private static async Task<Ok<DatasetResponse>> Get(UserDatasets datasets, JobOwner owner, HttpContext http, [Description(Id)] string id) =>
        TypedResults.Ok(await datasets.FindAsync(owner, id, http.RequestAborted));

    private static async Task<Ok<DatasetDeletionResponse>> Delete(UserDatasets datasets, JobOwner owner, HttpContext http, [Description(Id)] string id) =>
        TypedResults.Ok(await datasets.DeleteAsync(owner, id, http.RequestAborted));

    private static async Task<Ok<DatasetResponse>> Cancel(UserDatasets datasets, JobOwner owner, HttpContext http, [Description(Id)] string id) =>
        TypedResults.Ok(await datasets.CancelAsync(owner, id, http.RequestAborted));

    private static Task<IResult> Events(DatasetEvents events, JobOwner owner, HttpContext http, [Description(Id)] string id) =>
        events.SendAsync(owner, id, http);

    private static async Task<Ok<DatasetFileListResponse>> Files(UserDatasets datasets, JobOwner owner, HttpContext http, [Description(Id)] string id) =>
        TypedResults.Ok(await datasets.FilesAsync(owner, id, http.RequestAborted));

    private static async Task<IResult> Download(
        UserDatasets datasets, JobOwner owner, HttpContext http, [Description(Id)] string id, [Description("Name of the file.")] string name) =>
        await datasets.DownloadAsync(owner, id, name, http.RequestAborted);
}
