using Amazon;
using Amazon.Runtime;
using Amazon.S3;

namespace CtfService.Jobs.Files;

/// <summary>Creates clients of S3-compatible storages.</summary>
internal static class S3Clients
{
    /// <summary>Retries of a request, with growing waits, if the storage is overloaded or does not answer.</summary>
    private const int Retries = 4;

    /// <param name="serviceUrl">Address of a storage other than Amazon's; empty for Amazon's.</param>
    /// <param name="region">May be empty with a service address.</param>
    /// <param name="accessKeyId">Empty: the usual sources of Amazon's SDK.</param>
    public static AmazonS3Client Create(string serviceUrl, string region, string accessKeyId, string secretAccessKey)
    {
        var config = new AmazonS3Config { MaxErrorRetry = Retries, RetryMode = RequestRetryMode.Standard };
        if (serviceUrl.Length > 0)
        {
            config.ServiceURL = serviceUrl;
            config.ForcePathStyle = true; // a bucket is seldom a host there
            config.AuthenticationRegion = region.Length > 0 ? region : RegionEndpoint.USEast1.SystemName;
            config.RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED; // trailing checksums are Amazon's alone
            config.ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED;
        }
        else
        {
            config.RegionEndpoint = RegionEndpoint.GetBySystemName(region);
        }

        return accessKeyId.Length > 0
            ? new AmazonS3Client(new BasicAWSCredentials(accessKeyId, secretAccessKey), config)
            : new AmazonS3Client(config);
    }
}
