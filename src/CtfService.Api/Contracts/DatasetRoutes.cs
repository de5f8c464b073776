namespace CtfService.Api.Contracts;

/// <summary>The routes of data sets.</summary>
internal static class DatasetRoutes
{
    public const string Group = "/v1/datasets";

    /// <summary>Returns the path of a file of a data set.</summary>
    public static string File(string id, string name) => $"{Group}/{id}/files/{name}";
}
