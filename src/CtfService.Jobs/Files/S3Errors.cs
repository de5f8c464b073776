using System.Net;
using Amazon.Runtime;
using Amazon.S3;

namespace CtfService.Jobs.Files;

/// <summary>Describes errors of an S3-compatible storage to an operator. Retries have been made by then.</summary>
internal static class S3Errors
{
    /// <summary>Returns true if the object does not exist. A missing bucket is an error, but a HEAD request cannot tell the two apart.</summary>
    public static bool IsMissing(AmazonS3Exception error) => error.StatusCode == HttpStatusCode.NotFound && error.ErrorCode != "NoSuchBucket";

    /// <summary>Returns true for errors that storage or network cause; false for errors of the program and cancellation by the caller.</summary>
    public static bool IsOfStorage(Exception error, CancellationToken cancellation) =>
        error is AmazonServiceException or AmazonClientException or HttpRequestException or IOException or TimeoutException
        || (error is OperationCanceledException && !cancellation.IsCancellationRequested); // a timeout of the client

    public static FileStoreUnavailableException Describe(string bucket, string? address, Exception error) => new(
        $"The bucket '{bucket}' at {address} " + error switch
        {
            AmazonS3Exception { ErrorCode: "NoSuchBucket" } => "does not exist. Create it, or correct Storage:S3Bucket and Storage:S3Region.",
            AmazonServiceException { StatusCode: HttpStatusCode.Forbidden or HttpStatusCode.Unauthorized } refused =>
                $"refuses access ({refused.ErrorCode}). Check Storage:S3AccessKeyId and Storage:S3SecretAccessKey, and that the key may read, write, list and "
                + "delete objects there.",
            AmazonServiceException { StatusCode: HttpStatusCode.MovedPermanently or HttpStatusCode.TemporaryRedirect } =>
                "is in another region. Correct Storage:S3Region.",
            AmazonServiceException { StatusCode: HttpStatusCode.InsufficientStorage } => "is full. Free space there.",
            AmazonServiceException answered =>
                $"reports an error ({(int)answered.StatusCode} {answered.ErrorCode}: {answered.Message.TrimEnd('.')}). Check the storage.",
            _ => $"cannot be reached ({error.Message.TrimEnd('.')}). Check the storage and Storage:S3ServiceUrl.",
        },
        error);
}
