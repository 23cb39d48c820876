//! Two macros that make an identifier of its own type, so that a team is never taken for a route; and ids made from what they name.

use sha2::{Digest, Sha256};
use uuid::Uuid;

/// A UUID (version 8, RFC 9562) that is a digest of the parts, each after its length: the same parts always give the same.
pub fn derived_uuid(parts: &[&[u8]]) -> Uuid {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let digest: [u8; 32] = hash.finalize().into();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// A newtype over [`Slug`](crate::Slug): parsed, displayed, stored and serialised as the slug.
#[macro_export]
macro_rules! slug_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash,
            $crate::reexported::serde::Serialize, $crate::reexported::serde::Deserialize,
        )]
        #[serde(transparent, crate = "kernel::reexported::serde")]
        pub struct $name($crate::Slug);

        impl $name {
            /// The slug.
            pub fn as_slug(&self) -> &$crate::Slug {
                &self.0
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                self.0.as_str()
            }
        }

        impl ::core::convert::From<$crate::Slug> for $name {
            fn from(slug: $crate::Slug) -> Self {
                Self(slug)
            }
        }

        impl ::core::str::FromStr for $name {
            type Err = $crate::BadSlug;

            fn from_str(text: &str) -> ::core::result::Result<Self, $crate::BadSlug> {
                text.parse().map(Self)
            }
        }

        impl ::core::fmt::Display for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                ::core::fmt::Display::fmt(&self.0, f)
            }
        }

        $crate::sql_as!($name, $crate::Slug);
    };
}

/// A newtype over a UUID (version 7 where Baton made it): parsed, displayed, stored and serialised as the UUID.
#[macro_export]
macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash,
            $crate::reexported::serde::Serialize, $crate::reexported::serde::Deserialize,
        )]
        #[serde(transparent, crate = "kernel::reexported::serde")]
        pub struct $name($crate::reexported::uuid::Uuid);

        impl $name {
            /// The UUID.
            pub fn as_uuid(self) -> $crate::reexported::uuid::Uuid {
                self.0
            }
        }

        impl ::core::convert::From<$crate::reexported::uuid::Uuid> for $name {
            fn from(id: $crate::reexported::uuid::Uuid) -> Self {
                Self(id)
            }
        }

        impl ::core::fmt::Display for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                ::core::fmt::Display::fmt(&self.0, f)
            }
        }

        $crate::sql_as!($name, $crate::reexported::uuid::Uuid);
    };
}

/// Stores a newtype as what it wraps, alone and in arrays.
#[doc(hidden)]
#[cfg(feature = "sqlx")]
#[macro_export]
macro_rules! sql_as {
    ($name:ident, $inner:ty) => {
        const _: () = {
            use $crate::reexported::sqlx::{self, Postgres, postgres};

            impl sqlx::Type<Postgres> for $name {
                fn type_info() -> postgres::PgTypeInfo {
                    <$inner as sqlx::Type<Postgres>>::type_info()
                }

                fn compatible(other: &postgres::PgTypeInfo) -> bool {
                    <$inner as sqlx::Type<Postgres>>::compatible(other)
                }
            }

            impl postgres::PgHasArrayType for $name {
                fn array_type_info() -> postgres::PgTypeInfo {
                    <$inner as postgres::PgHasArrayType>::array_type_info()
                }
            }

            impl sqlx::Encode<'_, Postgres> for $name {
                fn encode_by_ref(
                    &self,
                    buffer: &mut postgres::PgArgumentBuffer,
                ) -> ::core::result::Result<sqlx::encode::IsNull, sqlx::error::BoxDynError> {
                    <$inner as sqlx::Encode<'_, Postgres>>::encode_by_ref(&self.0, buffer)
                }
            }

            impl sqlx::Decode<'_, Postgres> for $name {
                fn decode(value: postgres::PgValueRef<'_>) -> ::core::result::Result<Self, sqlx::error::BoxDynError> {
                    <$inner as sqlx::Decode<'_, Postgres>>::decode(value).map(Self)
                }
            }
        };
    };
}

/// Without the `sqlx` feature an identifier has no column type.
#[doc(hidden)]
#[cfg(not(feature = "sqlx"))]
#[macro_export]
macro_rules! sql_as {
    ($name:ident, $inner:ty) => {};
}
